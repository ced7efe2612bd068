"""A second stage takes over what it should, and refuses what it cannot."""

import pytest
import torch

from shapmix_mm.config.launch import bare_model

START = dict(type='SecondStageHook')
RESTART = dict(type='SecondStageHook', restart_classifier=True)
FROZEN = {'model.type': 'FrozenRecognizerGCN'}


@pytest.fixture
def first(second_stage, build, tmp_path):
    """Last checkpoint of a first stage, whose loss has counts of its own."""
    cfg = second_stage(name='first')
    cfg.model.cls_head.loss_cls = dict(type='BalancedSoftmaxLoss')
    build(cfg).train()
    return tmp_path / 'first' / 'epoch_2.pth'


def weights(path):
    return torch.load(path, weights_only=False)['state_dict']


def frozen_parts(state):
    return {k: v for k, v in state.items() if k.startswith('backbone.')}


def test_the_whole_model_is_taken_over(first, second_stage, build):
    cfg = second_stage(START, first=first, **{'optim_wrapper.optimizer.lr': 0})
    runner = build(cfg)
    runner.train()
    saved = weights(first)
    for name, value in bare_model(runner).named_parameters():
        assert torch.equal(value, saved[name]), name


@pytest.mark.parametrize(
    ('head', 'times'), [('GCNHead', 2), ('CosineGCNHead', 1)]
)
def test_retraining_leaves_the_backbone_bit_by_bit(
    first, second_stage, build, head, times
):
    """Batch statistics too, after two epochs and their synchronisation."""
    overrides = {**FROZEN, 'model.cls_head.type': head}
    cfg = second_stage(RESTART, first=first, times=times, **overrides)
    cfg.train_dataloader.sampler = dict(type='ClassBalancedSampler')
    runner = build(cfg)
    runner.train()
    saved, own = weights(first), bare_model(runner).state_dict()
    assert frozen_parts(own).keys() == frozen_parts(saved).keys()
    for name, value in frozen_parts(saved).items():
        assert value.numpy().tobytes() == own[name].numpy().tobytes(), name
    assert any('running_var' in name for name in frozen_parts(saved))


def test_the_classifier_starts_anew(first, second_stage, build):
    """It is what a model of the same seed has without any checkpoint."""
    still = {'optim_wrapper.optimizer.lr': 0.0}
    cfg = second_stage(RESTART, first=first, **FROZEN, **still)
    runner = build(cfg)
    runner.train()
    fresh = build(second_stage(name='fresh', **still))
    fresh.train()
    own, new = (
        bare_model(r).cls_head.fc.weight.detach() for r in (runner, fresh)
    )
    assert torch.equal(own, new)
    assert not torch.equal(own, weights(first)['cls_head.fc.weight'])


def test_a_resumed_second_stage_ends_as_one_in_one_go(
    first, second_stage, build, tmp_path
):
    def stage(name):
        cfg = second_stage(RESTART, first=first, name=name, **FROZEN)
        cfg.train_dataloader.sampler = dict(type='ClassBalancedSampler')
        return cfg

    whole = build(stage('whole'))
    whole.train()
    cfg = stage('resumed')
    cfg.resume, cfg.load_from = True, str(tmp_path / 'whole' / 'epoch_1.pth')
    again = build(cfg)
    again.train()
    expected = bare_model(whole).state_dict()
    trained = weights(tmp_path / 'whole' / 'epoch_1.pth')
    name = 'cls_head.fc.weight'
    assert not torch.equal(trained[name], expected[name])
    for name, value in bare_model(again).state_dict().items():
        assert torch.equal(value, expected[name]), name


def test_a_first_stage_is_needed(second_stage, build):
    with pytest.raises(ValueError, match='--cfg-options load_from=CHECKPOINT'):
        build(second_stage(START)).train()


@pytest.mark.parametrize(
    ('hook', 'change', 'told'),
    [
        (START, {'model.cls_head.num_classes': 5}, 'cls_head.fc.weight, cls_'),
        (RESTART, {'model.backbone.num_stages': 3}, 'backbone.* and .* more'),
        (
            RESTART,
            {
                'model.backbone.base_channels': 16,
                'model.cls_head.in_channels': 16,
            },
            'epoch_2.pth is no first stage of this model: backbone',
        ),
    ],
)
def test_a_first_stage_of_another_model_is_refused(
    first, second_stage, build, hook, change, told
):
    if 'model.cls_head.num_classes' in change:
        change = {**change, 'custom_hooks': [hook]}
    cfg = second_stage(hook, first=first, **change)
    with pytest.raises(ValueError, match=told):
        build(cfg).train()


def test_a_test_run_takes_the_classifier_too(
    first, second_stage, build, tmp_path
):
    cfg = second_stage(RESTART, first=first, **FROZEN)
    build(cfg).train()
    cfg.load_from = str(tmp_path / 'second' / 'epoch_2.pth')
    cfg.test_dataloader = cfg.val_dataloader
    cfg.test_evaluator, cfg.test_cfg = cfg.val_evaluator, dict(type='TestLoop')
    runner = build(cfg)
    runner.test()
    saved = weights(cfg.load_from)['cls_head.fc.weight']
    assert torch.equal(bare_model(runner).cls_head.fc.weight, saved)
