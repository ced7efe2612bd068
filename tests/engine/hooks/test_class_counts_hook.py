"""Counts reach loss, blend and metric, and wrong ones are refused."""

import pickle

import pytest
import torch

from shapmix_mm.config.launch import bare_model


def counts_held(runner):
    model = bare_model(runner)
    return [
        m.class_counts.tolist()
        for m in model.modules()
        if getattr(m, 'needs_class_counts', False)
    ]


@pytest.mark.parametrize(
    'wrapper',
    [
        None,
        dict(type='RepeatDataset', times=2),
        dict(type='ClassBalancedDataset', oversample_thr=0.3),
    ],
)
def test_loss_and_blend_receive_the_real_counts(stick_config, build, wrapper):
    cfg = stick_config()
    if wrapper:
        inner = cfg.train_dataloader.dataset
        inner.update(type='LongTailedPoseDataset', train_split='train')
        cfg.train_dataloader.dataset = dict(wrapper, dataset=inner)
    runner = build(cfg)
    runner.train()
    assert counts_held(runner) == [[8, 6, 4, 3]] * 2


def test_metric_receives_counts_in_training_and_from_a_checkpoint(
    stick_config, build
):
    metric = [dict(type='LongTailMetric', many=7, few=4)]
    cfg = stick_config(val_evaluator=metric)
    runner = build(cfg)
    runner.train()
    sizes = runner.val_loop.evaluator.metrics[0]
    trained = runner.val_loop.run()
    assert trained['acc/num_many'] == 1 and trained['acc/num_few'] == 1
    assert trained['acc/num_medium'] == 2
    assert sizes.needs_class_counts
    cfg = stick_config()
    cfg.test_dataloader = cfg.val_dataloader
    cfg.test_evaluator = metric
    cfg.test_cfg = dict(type='TestLoop')
    cfg.train_cfg = cfg.train_dataloader = cfg.optim_wrapper = None
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.load_from = f'{cfg.work_dir}/epoch_2.pth'
    tested = build(cfg).test()
    assert tested == trained


def test_a_class_without_samples_is_named(stick_config, build, stick_file):
    data = pickle.loads(stick_file.read_bytes())
    data['split']['train'] = [
        n for n in data['split']['train'] if not n.startswith('train_2')
    ]
    stick_file.write_bytes(pickle.dumps(data))
    with pytest.raises(ValueError, match='none of class 2'):
        build(stick_config()).train()


def test_resuming_on_other_data_is_refused(stick_config, build, stick_file):
    cfg = stick_config()
    build(cfg).train()
    data = pickle.loads(stick_file.read_bytes())
    data['split']['train'].remove('train_0_0')
    stick_file.write_bytes(pickle.dumps(data))
    cfg = stick_config(load_from=f'{cfg.work_dir}/epoch_1.pth', resume=True)
    with pytest.raises(ValueError, match=r'\[7, 6, 4, 3\].*\[8, 6, 4, 3\]'):
        build(cfg).train()


def test_a_checkpoint_of_other_classes_is_refused_but_may_be_tuned(
    stick_config, build, tmp_path
):
    cfg = stick_config()
    runner = build(cfg)
    runner.train()
    path = f'{cfg.work_dir}/epoch_2.pth'
    checkpoint = torch.load(path, weights_only=False)
    for name in ('weight', 'bias'):
        old = checkpoint['state_dict'][f'cls_head.fc.{name}']
        checkpoint['state_dict'][f'cls_head.fc.{name}'] = torch.cat(
            [old, old[:1]]
        )
    for name in list(checkpoint['state_dict']):
        if 'blending' in name or 'class_counts' in name:
            del checkpoint['state_dict'][name]
    other = str(tmp_path / 'five_classes.pth')
    torch.save(checkpoint, other)
    with pytest.raises(ValueError, match='another number of classes'):
        build(stick_config(load_from=other, resume=True)).train()
    build(stick_config(load_from=other)).train()


@pytest.mark.parametrize('resumed', [False, True])
@pytest.mark.parametrize('outer', [True, False])
def test_counts_given_to_a_loss_are_its_own(
    stick_config, build, resumed, outer
):
    """All others, the metric of a test too, have those of the dataset."""
    cfg = stick_config()
    given = dict(class_counts=[9, 5, 2, 1])
    cfg.model.cls_head.loss_cls = dict(
        type='DeferredReweightingLoss',
        loss=dict(type='BalancedSoftmaxLoss', **({} if outer else given)),
        **(given if outer else {}),
    )
    cfg.custom_hooks.append(dict(type='TrainingProgressHook'))
    runner = build(cfg)
    runner.train()
    if resumed:
        again = cfg.copy()
        path = f'{cfg.work_dir}/epoch_1.pth'
        again.merge_from_dict(dict(load_from=path, resume=True))
        runner = build(again)
        runner.train()
    data, own = [8.0, 6.0, 4.0, 3.0], [9.0, 5.0, 2.0, 1.0]
    assert counts_held(runner) == [data, own if outer else data, own]


def test_given_counts_of_another_number_are_refused(stick_config, build):
    cfg = stick_config()
    cfg.model.cls_head.loss_cls.class_counts = [9, 5, 2]
    with pytest.raises(
        ValueError, match='BalancedSoftmaxLoss .* 3 classes, .* has 4'
    ):
        build(cfg).train()


@pytest.mark.parametrize('blended', [True, False])
def test_groups_are_of_the_data_whatever_is_given_to_a_loss(
    stick_config, build, blended
):
    """A checkpoint that holds nothing else tells a test of no groups."""

    def config():
        cfg = stick_config(
            val_evaluator=[dict(type='LongTailMetric', many=7, few=4)]
        )
        cfg.model.cls_head.loss_cls.class_counts = [1, 1, 1, 1]
        if not blended:
            del cfg.model.data_preprocessor
            cfg.custom_hooks = [dict(type='ClassCountsHook')]
        return cfg

    cfg = config()
    runner = build(cfg)
    runner.train()
    # The classes have 8, 6, 4 and 3 training samples.
    assert runner.message_hub.get_scalar('val/acc/num_many').current() == 1
    again = config()
    again.test_dataloader = again.val_dataloader
    again.test_evaluator = again.val_evaluator
    again.test_cfg = dict(type='TestLoop')
    again.train_cfg = again.train_dataloader = again.optim_wrapper = None
    again.val_cfg = again.val_dataloader = again.val_evaluator = None
    again.load_from = f'{cfg.work_dir}/epoch_2.pth'
    found = build(again).test().get('acc/num_many')
    assert found == (1 if blended else None)


@pytest.mark.parametrize(
    'options, told',
    [
        (dict(longtail=dict(imbalance=4, n_max=8)), 5),
        (dict(longtail=dict(imbalance=1, n_max=3)), 3),
        (dict(train_split='test'), 3),
    ],
)
def test_groups_by_counts_of_another_training_set_are_refused(
    stick_config, build, options, told
):
    """Validation thinned as training is not: every group would be wrong."""
    cfg = stick_config(val_evaluator=[dict(type='LongTailMetric')])
    dataset = cfg.val_dataloader.dataset
    dataset.update(type='LongTailedPoseDataset', train_split='train')
    dataset.update(options)
    with pytest.raises(
        ValueError, match=f'class . has . training .* says {told}.*longtail'
    ):
        build(cfg).train()


def test_a_part_of_the_training_set_is_told_too(stick_config, build):
    cfg = stick_config(val_evaluator=[dict(type='LongTailMetric')])
    same = dict(type='LongTailedPoseDataset', train_split='train')
    cfg.train_dataloader.dataset.update(same, indices=[0, 8, 14, 18])
    cfg.val_dataloader.dataset.update(same)
    with pytest.raises(ValueError, match='class 0 has 1 .* says 8'):
        build(cfg).train()
    cfg.train_dataloader.dataset.indices = None
    build(cfg).train()
    # Who gives the metric its counts has decided.
    cfg.train_dataloader.dataset.indices = [0, 8, 14, 18]
    cfg.val_evaluator[0].class_counts = [8, 6, 4, 3]
    build(cfg).train()


def test_a_head_with_more_classes_than_names_is_told(
    stick_config, stick_file, build
):
    data = pickle.loads(stick_file.read_bytes())
    data['classes'] = ['sit', 'stand', 'walk', 'run']
    stick_file.write_bytes(pickle.dumps(data))
    cfg = stick_config()
    inner = cfg.train_dataloader.dataset
    inner.update(type='LongTailedPoseDataset', train_split='train')
    cfg.model.cls_head.num_classes = 6
    cfg.model.data_preprocessor.blending.num_classes = 6
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    with pytest.raises(ValueError) as error:
        build(cfg).train()
    text = str(error.value)
    assert 'has none of class 4, 5; it names 4 classes' in text
    assert 'the model has 6' in text


@pytest.mark.parametrize(
    ('sampler', 'warned'),
    [
        (dict(type='ClassBalancedSampler'), 1),
        (dict(type='ClassBalancedSampler', power=0.0), 0),
        (dict(type='DefaultSampler', shuffle=True), 0),
    ],
)
def test_two_remedies_are_warned_of_once(
    stick_config, build, recwarn, sampler, warned
):
    """The config has a Balanced Softmax."""
    cfg = stick_config()
    cfg.train_dataloader.sampler = sampler
    build(cfg).train()
    found = [w for w in recwarn if 'corrected twice' in str(w.message)]
    assert len(found) == warned


def by_iterations(cfg, **sampler):
    cfg.train_dataloader.sampler = dict(type='ProgressiveSampler', **sampler)
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=4)
    cfg.default_hooks.checkpoint.by_epoch = False
    return cfg


def test_a_loop_by_iterations_does_not_pass_for_one_epoch(stick_config, build):
    """MMEngine calls it that, and the last epoch is the balanced one."""
    runner = build(by_iterations(stick_config()))
    with pytest.raises(ValueError, match='give train_dataloader.sampler.max'):
        runner.train()
    assert runner.iter == 0
    runner = build(by_iterations(stick_config(), max_epochs=2))
    runner.train()
    sampler = runner.train_dataloader.sampler
    # Three steps are an epoch; the fourth is of the second and last.
    assert sampler.class_probability().tolist() == [0.25] * 4
