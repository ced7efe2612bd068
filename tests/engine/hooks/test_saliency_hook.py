"""The hook in real training runs."""

import copy
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.models import RecognizerGCN
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.model import BaseDataPreprocessor
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from scipy import stats

from shapmix_mm.config.launch import bare_model
from shapmix_mm.engine.hooks import SaliencyHook
from shapmix_mm.models import ShapMixBlending
from shapmix_mm.saliency import (
    choose_share,
    coalition_worths,
    joint_gradcam,
    shared_generator,
)
from shapmix_mm.shapley import combination_masks, get_estimator
from shapmix_mm.skeletons import get_layout


class Spy(Hook):
    """Runs the steps of a probe around those of the saliency hook."""

    priority = 'VERY_LOW'

    def __init__(self, probe):
        self.probe = probe

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        self.probe(runner, data_batch)


def blend_of(runner):
    return bare_model(runner).data_preprocessor.blending


def test_table_is_the_ema_of_marginals_recomputed_by_hand(stick_config, build):
    runner = build(stick_config())
    expected = np.zeros((4, 20))
    updates = np.zeros((4, 20))

    def probe(runner, data_batch):
        """The update, one sample and one coalition at a time."""
        model, blend = bare_model(runner), blend_of(runner)
        hook = next(
            h for h in runner.hooks if type(h).__name__ == 'SaliencyHook'
        )
        plan = get_estimator('marginal', 5).plan(
            1, generator=shared_generator(hook._seed, runner.iter)
        )
        (lower, upper), column = plan.coalitions[0].tolist(), int(plan.columns)
        block = int(combination_masks(5)[column])
        assert upper == lower | block and not lower & block
        per_class = {}
        model.eval()
        for clip, sample in zip(
            data_batch['inputs'], data_batch['data_samples']
        ):
            label = int(sample.gt_label)
            worth = []
            for mask in (upper, lower):
                masked = clip.clone()
                for part, joints in enumerate(blend.layout.parts):
                    for joint in joints if not mask >> part & 1 else ():
                        for m in range(2):
                            if clip[0, m].any():
                                masked[0, m, :, joint] = blend.mean_pose[
                                    m, joint
                                ]
                with torch.no_grad():
                    logits = model(masked[None], stage='head', mode='tensor')
                worth.append(float(logits.softmax(1)[0, label]))
            per_class.setdefault(label, []).append(worth[0] - worth[1])
        model.train()
        for label, values in per_class.items():
            first = updates[label, column] == 0
            mean = np.mean(values)
            expected[label, column] = (
                mean if first else (0.9 * expected[label, column] + 0.1 * mean)
            )
            updates[label, column] += 1

    runner.register_hook(Spy(probe), priority='VERY_LOW')
    runner.train()
    table = blend_of(runner).saliency
    assert updates.sum() > 15
    np.testing.assert_array_equal(table.updates.numpy(), updates)
    np.testing.assert_allclose(table.values.numpy(), expected, atol=2e-6)


def test_the_step_is_not_disturbed(stick_config, build):
    """Five unguided steps with and without the estimate end equal."""
    runs = []
    for interval in (1, 10**6):
        cfg = stick_config()
        # Guidance begins with the sixth and last step.
        cfg.custom_hooks[1].update(warmup_epochs=1.7, interval=interval)
        runner = build(cfg)
        seen = []

        def probe(runner, data_batch, seen=seen):
            model = bare_model(runner)
            seen.append(
                (
                    copy.deepcopy(model.state_dict()),
                    [m.training for m in model.modules()],
                    torch.get_rng_state(),
                    np.random.get_state()[1],
                )
            )

        runner.register_hook(Spy(probe), priority='VERY_LOW')
        runner.train()
        runs.append(seen[4])
    (weights, modes, torch_state, np_state), without = runs
    updates = 'data_preprocessor.blending.saliency.updates'
    assert weights[updates].sum() > without[0][updates].sum()
    for name, value in weights.items():
        if 'saliency' not in name:
            assert torch.equal(value, without[0][name]), name
    assert modes == without[1]
    assert torch.equal(torch_state, without[2])
    np.testing.assert_array_equal(np_state, without[3])


def test_frozen_modules_stay_frozen_and_batch_norm_untouched(
    stick_config, build
):
    runner = build(stick_config())
    model = bare_model(runner).train()
    frozen = model.backbone.gcn[0].gcn.bn
    frozen.eval()
    before = copy.deepcopy(model.state_dict())
    clips = torch.randn(3, 1, 2, 8, 6, 3)
    scores, _ = coalition_worths(
        model,
        clips,
        torch.tensor([0, 1, 2]),
        torch.zeros(2, 6, 3),
        torch.tensor([[31, 0]] * 3),
        blend_of(runner).layout,
    )
    assert scores.shape == (3, 2) and not scores.requires_grad
    assert not frozen.training and model.backbone.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_mean_pose_equals_numpy_over_present_frames(
    stick_config, build, stick_file
):
    import pickle

    cfg = stick_config()
    # One clip of all frames, in order: the features are the coordinates.
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.pipeline[0].clip_len = 12
    runner = build(cfg)
    runner.train()
    data = pickle.loads(stick_file.read_bytes())
    names = set(data['split']['train'])
    train = [
        a['keypoint'] for a in data['annotations'] if a['frame_dir'] in names
    ]
    first = np.concatenate([k[0] for k in train]).mean(0)
    second = np.concatenate([k[1] for k in train if len(k) == 2]).mean(0)
    np.testing.assert_allclose(
        blend_of(runner).mean_pose, np.stack([first, second]), atol=1e-5
    )


def test_warm_up_ends_on_time_and_counts_passes_under_repeat(
    stick_config, build
):
    for times, expected in ((1, [0] * 3 + [1] * 3), (2, [0] * 3 + [1] * 9)):
        cfg = stick_config()
        if times > 1:
            cfg.train_dataloader.dataset = dict(
                type='RepeatDataset',
                times=times,
                dataset=cfg.train_dataloader.dataset,
            )
        runner = build(cfg)
        guided = []
        runner.register_hook(
            Spy(lambda r, _, to=guided: to.append(int(blend_of(r).guided)))
        )
        runner.train()
        assert guided == expected


def contributions_by_hand(runner, data_batch, plan):
    """Every planned contribution, one sample and one coalition at a time."""
    model, blend = bare_model(runner), blend_of(runner)
    sums, counts = np.zeros((4, 20)), np.zeros((4, 20))
    model.eval()
    for n, (clip, sample) in enumerate(
        zip(data_batch['inputs'], data_batch['data_samples'])
    ):
        label, worth = int(sample.gt_label), []
        for mask in plan.coalitions[n].tolist():
            masked = clip.clone()
            for part, joints in enumerate(blend.layout.parts):
                for joint in joints if not mask >> part & 1 else ():
                    for m in range(2):
                        if clip[0, m].any():
                            masked[0, m, :, joint] = blend.mean_pose[m, joint]
            with torch.no_grad():
                logits = model(masked[None], stage='head', mode='tensor')
            worth.append(float(logits.softmax(1)[0, label]))
        for up, low, column in zip(
            plan.upper[n], plan.lower[n], plan.columns[n]
        ):
            sums[label, column] += worth[up] - worth[low]
            counts[label, column] += 1
    model.train()
    return sums, counts


@pytest.mark.parametrize('name', ['marginal_per_sample', 'permutation'])
def test_table_of_each_estimator_recomputed_by_hand(stick_config, build, name):
    cfg = stick_config()
    cfg.custom_hooks[1].update(estimator=name, average='recent', interval=2)
    runner = build(cfg)
    weights, totals = np.zeros((4, 20)), np.zeros((4, 20))
    steps, logged = [0], []

    def probe(runner, data_batch):
        hub = runner.message_hub
        logged.append(hub.get_scalar('train/saliency_passes').current())
        if runner.iter % 2:
            return
        hook = next(
            h for h in runner.hooks if type(h).__name__ == 'SaliencyHook'
        )
        plan = get_estimator(name, 5).plan(
            len(data_batch['inputs']),
            generator=shared_generator(hook._seed, runner.iter),
        )
        sums, counts = contributions_by_hand(runner, data_batch, plan)
        steps[0] += 1
        decay = max(1 - 2 / steps[0], 0.95)
        totals[:], weights[:] = totals * decay + sums, weights * decay + counts

    runner.register_hook(Spy(probe), priority='VERY_LOW')
    runner.train()
    table = blend_of(runner).saliency
    assert steps == [3] and weights.sum() > 15
    np.testing.assert_allclose(
        table.values, totals / weights.clip(1e-9), atol=2e-6
    )
    np.testing.assert_allclose(table.evidence, weights, rtol=1e-5)
    if name == 'permutation':
        # Five coalitions of each of 7 clips, and the empty one of at most
        # two kinds of clips: one person or two.
        assert {round(7 * p) for p in logged[::2]} <= {36, 37}
    assert set(logged[1::2]) == {0.0}


SIDE = 6


def heatmap_config(cfg, stick_file):
    """Turn the stick set into 2D poses and the model into PoseConv3D."""
    import pickle

    data = pickle.loads(stick_file.read_bytes())
    for sample in data['annotations']:
        joints = sample['keypoint'][..., :2] % SIDE
        sample['keypoint'] = joints
        sample['keypoint_score'] = np.ones(joints.shape[:-1], np.float32)
        sample['img_shape'] = sample['original_shape'] = (SIDE, SIDE)
    stick_file.write_bytes(pickle.dumps(data))
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.pipeline = [
            dict(
                type='UniformSampleFrames',
                clip_len=12,
                num_clips=1,
                test_mode=True,
            ),
            dict(type='PoseDecode'),
            dict(type='GeneratePoseTarget', sigma=0.6, with_kp=True),
            dict(type='FormatHeatmaps', input_format='NCTHW_Heatmap'),
            dict(type='PackActionInputs'),
        ]
    cfg.model.type = 'HeatmapRecognizer3D'
    one = dict(inflate=(0,), spatial_strides=(1,), temporal_strides=(1,))
    cfg.model.backbone = dict(
        type='ResNet3dSlowOnly',
        depth=50,
        pretrained=None,
        in_channels=6,
        base_channels=4,
        num_stages=1,
        out_indices=(0,),
        stage_blocks=(1,),
        conv1_kernel=(1, 3, 3),
        conv1_stride_s=1,
        pool1_stride_s=1,
        dilations=(1,),
        **one,
    )
    head = dict(type='I3DHead', in_channels=16, dropout_ratio=0.0)
    del cfg.model.cls_head.type
    cfg.model.cls_head.update(head, average_clips='prob')
    return cfg


def test_the_table_of_heat_maps_is_that_of_the_stock_recogniser(
    stick_config, build, stick_file
):
    """Joints are channels: held parts show the mean picture of a joint."""
    cfg = heatmap_config(stick_config(), stick_file)
    name = 'marginal_per_sample'
    cfg.custom_hooks[1].update(estimator=name, average='recent')
    runner = build(cfg)
    stock = copy.deepcopy(cfg.model)
    stock.update(type='Recognizer3D', data_preprocessor=None)
    stock = MODELS.build(stock).eval()
    maps = np.stack([s['inputs'] for s in runner.train_dataloader.dataset])
    mean = maps.mean((0, 1, 2, 3)).reshape(6, SIDE, SIDE)
    weights, totals = np.zeros((4, 20)), np.zeros((4, 20))

    def probe(runner, data_batch):
        hook = next(
            h for h in runner.hooks if type(h).__name__ == 'SaliencyHook'
        )
        plan = get_estimator(name, 5).plan(
            len(data_batch['inputs']),
            generator=shared_generator(hook._seed, runner.iter),
        )
        stock.load_state_dict(bare_model(runner).state_dict(), strict=False)
        decay = max(1 - 2 / (runner.iter + 1), 0.95)
        totals[:], weights[:] = totals * decay, weights * decay
        for n, (clip, sample) in enumerate(
            zip(data_batch['inputs'], data_batch['data_samples'])
        ):
            label, worth = int(sample.gt_label), []
            for mask in plan.coalitions[n].tolist():
                pictures = clip[0, 0].unflatten(-1, (SIDE, SIDE)).clone()
                for part, joints in enumerate(blend_of(runner).layout.parts):
                    for joint in joints if not mask >> part & 1 else ():
                        pictures[:, joint] = torch.from_numpy(mean[joint])
                with torch.no_grad():
                    logits = stock(
                        pictures.transpose(0, 1)[None, None],
                        stage='head',
                        mode='tensor',
                    )
                worth.append(float(logits.softmax(1)[0, label]))
            for up, low, column in zip(
                plan.upper[n], plan.lower[n], plan.columns[n]
            ):
                totals[label, column] += worth[up] - worth[low]
                weights[label, column] += 1

    runner.register_hook(Spy(probe), priority='VERY_LOW')
    runner.train()
    table = blend_of(runner).saliency
    assert weights.sum() > 30 and np.abs(totals).max() > 1e-3
    np.testing.assert_allclose(
        table.values, totals / weights.clip(1e-9), atol=2e-6
    )
    np.testing.assert_allclose(table.evidence, weights, rtol=1e-5)
    assert blend_of(runner).guided


@pytest.mark.parametrize(
    'epochs',
    [dict(warmup_epochs=1), dict(warmup_epochs=0, overwrite_epochs=1)],
)
def test_overwriting_in_the_first_epochs(stick_config, build, epochs):
    """Contributions to the empty coalition; the last value stays.

    The released code guides already while it still overwrites.
    """
    cfg = stick_config()
    cfg.custom_hooks[1].update(
        estimator='permutation', warmup_rule='overwrite', **epochs
    )
    runner = build(cfg)
    expected = np.zeros((4, 20))
    checked = []

    def probe(runner, data_batch):
        guided = runner.iter >= 3 * epochs['warmup_epochs']
        assert blend_of(runner).guided == guided
        table = blend_of(runner).saliency.values.numpy()
        if runner.iter >= 3:
            checked.append(not np.allclose(table, expected, atol=2e-6))
            return
        hook = next(
            h for h in runner.hooks if type(h).__name__ == 'SaliencyHook'
        )
        plan = get_estimator('permutation', 5).plan(
            7, generator=shared_generator(hook._seed, runner.iter)
        )
        plan = plan.from_empty()
        sums, counts = contributions_by_hand(runner, data_batch, plan)
        seen = counts > 0
        expected[seen] = sums[seen] / counts[seen]
        np.testing.assert_allclose(table, expected, atol=2e-6)

    runner.register_hook(Spy(probe), priority='VERY_LOW')
    runner.train()
    # After the warm-up the table goes on by its average.
    assert len(checked) == 3 and checked[-1]


def test_random_guidance_scores_nothing_and_draws_evenly(stick_config, build):
    cfg = stick_config()
    cfg.custom_hooks[1].update(estimator='random')
    runner = build(cfg)
    runner.train()
    blend = blend_of(runner)
    assert blend.guided == 1 and not blend.saliency.updates.any()
    assert not blend.combination_logits().any()
    hub = runner.message_hub.get_scalar('train/saliency_passes')
    assert not hub.data[0].any()


def test_gradcam_fills_the_table_with_shares_of_joints(stick_config, build):
    cfg = stick_config()
    cfg.custom_hooks[1].update(estimator='gradcam', momentum=0.0)
    runner = build(cfg)
    seen = []

    def probe(runner, data_batch):
        labels = [int(s.gt_label) for s in data_batch['data_samples']]
        cam = joint_gradcam(
            bare_model(runner),
            torch.stack(data_batch['inputs']).float(),
            torch.tensor(labels),
        )
        seen.append((np.array(labels), cam.numpy()))

    runner.register_hook(Spy(probe), priority='VERY_LOW')
    runner.train()
    labels, cam = seen[-1]
    table, layout = blend_of(runner).saliency, blend_of(runner).layout
    for label in set(labels.tolist()):
        mean = cam[labels == label].mean(0)
        expected = [
            sum(mean[j] for p in parts for j in layout.parts[p])
            for parts in table.combinations
        ]
        np.testing.assert_allclose(table.values[label], expected, atol=1e-6)


def test_a_share_takes_rare_classes_first_with_the_promised_odds():
    """One of three samples: its odds follow 1 / n_k."""
    counts, label = torch.tensor([60.0, 30.0, 10.0]), torch.tensor([0, 1, 2])
    first = np.zeros(3)
    for seed in range(3000):
        own, places, total = choose_share(
            label,
            counts,
            share=0.33,
            generator=torch.Generator().manual_seed(seed),
        )
        assert total == 3 and len(own) == 1 and torch.equal(own, places)
        first[own] += 1
    odds = 1 / counts.double().numpy()
    odds /= odds.sum()
    assert stats.chisquare(first, 3000 * odds).pvalue > 1e-3


def test_a_share_bounds_the_samples_that_are_scored(stick_config, build):
    cfg = stick_config()
    cfg.custom_hooks[1].update(estimator='permutation', share=0.5)
    runner = build(cfg)
    runner.train()
    passes = runner.message_hub.get_scalar('train/saliency_passes').data[0]
    # ceil(0.5 * 7) = 4 samples of five coalitions, and the empty ones.
    assert all(21 <= round(7 * p) <= 22 for p in passes)
    assert blend_of(runner).saliency.updates.sum() > 20


@pytest.mark.parametrize(
    'options',
    [
        dict(interval=1),
        dict(interval=2),
        dict(estimator='permutation', average='recent', share=0.5),
        dict(estimator='gradcam'),
    ],
)
def test_resume_goes_on_with_equal_state(stick_config, build, options):
    cfg = stick_config()
    cfg.custom_hooks[1].update(options)
    whole = build(cfg)
    whole.train()
    state = blend_of(whole).state_dict()
    cfg = stick_config()
    cfg.custom_hooks[1].update(options)
    cfg.load_from = f'{cfg.work_dir}/epoch_1.pth'
    cfg.resume = True
    cfg.work_dir += '_resumed'
    saved = torch.load(cfg.load_from, weights_only=False)['state_dict']
    resumed = build(cfg)
    held = []

    class Look(Hook):
        priority = 'LOWEST'

        def before_train(self, runner):
            held.append(copy.deepcopy(blend_of(runner).state_dict()))

    resumed.register_hook(Look(), priority='LOWEST')
    resumed.train()
    assert len(held) == 1
    for name, value in held[0].items():
        assert torch.equal(
            value, saved[f'data_preprocessor.blending.{name}']
        ), name
    again = blend_of(resumed).saliency
    assert torch.equal(again.steps, state['saliency.steps'])
    if 'estimator' not in options:
        # Another shuffle and other mixtures, but the same draws of b and r.
        seen = state['saliency.updates'].sum(0) > 0
        assert torch.equal(again.updates.sum(0) > 0, seen)


def test_a_step_moves_its_batch_to_the_device_once(
    stick_config, build, monkeypatch
):
    """Scoring reuses what the step moved, and nothing outlives the step."""
    moved, alive = [0], []
    cast = BaseDataPreprocessor.cast_data

    def counting(self, data):
        moved[0] += isinstance(data, torch.Tensor) and data.ndim > 1
        return cast(self, data)

    monkeypatch.setattr(BaseDataPreprocessor, 'cast_data', counting)
    forward = ShapMixBlending.forward

    def watched(self, imgs, samples):
        alive.append(weakref.ref(imgs))
        return forward(self, imgs, samples)

    monkeypatch.setattr(ShapMixBlending, 'forward', watched)
    cfg = stick_config()
    cfg.custom_hooks[1].interval = 2
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    runner = build(cfg)
    counts = []

    def probe(runner, data_batch):
        counts.append(moved[0])
        # Also in the steps that are not scored.
        assert alive[-1]() is None

    runner.register_hook(Spy(probe), priority='VERY_LOW')
    runner.train()
    assert counts == [7 * step for step in range(1, 7)]
    assert [ref() for ref in alive] == [None] * 6
    assert not blend_of(runner)._forward_pre_hooks


@pytest.mark.parametrize('estimator', ['permutation', 'gradcam'])
def test_the_moved_batch_gives_the_table_of_the_batch(
    stick_config, build, monkeypatch, estimator
):
    """Bit by bit as if the batch were preprocessed again."""
    tables = []
    for again in (False, True):
        cfg = stick_config()
        cfg.custom_hooks[1].estimator = estimator
        cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
        runner = build(cfg)
        if again:
            monkeypatch.setattr(SaliencyHook, '_see', lambda *_: None)
        runner.train()
        tables.append(blend_of(runner).saliency.state_dict())
    assert tables[0]['updates'].sum() > 15
    for name, value in tables[0].items():
        assert torch.equal(value, tables[1][name]), name


class Bf16OptimWrapper(AmpOptimWrapper):
    """Autocast to bfloat16 as mmengine's, which insists on a GPU."""

    def __init__(self, **kwargs):
        OptimWrapper.__init__(self, **kwargs)
        self.cast_dtype = torch.bfloat16

    backward, step = OptimWrapper.backward, OptimWrapper.step
    state_dict = OptimWrapper.state_dict


@pytest.mark.parametrize(
    'estimator, amp', [('marginal', False), ('permutation', True)]
)
def test_scoring_is_one_call_without_autograd_in_the_steps_precision(
    stick_config, build, monkeypatch, estimator, amp
):
    cfg = stick_config()
    cfg.custom_hooks[1].estimator = estimator
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    if amp:
        cfg.optim_wrapper.type = Bf16OptimWrapper
    runner = build(cfg)
    calls = []
    forward = RecognizerGCN.forward

    def watched(self, inputs, *args, mode='tensor', **kwargs):
        row = torch.ones(1, 4, device=inputs.device)
        calls.append((mode, torch.is_grad_enabled(), (row @ row.T).dtype))
        assert self.training == (mode == 'loss')
        return forward(self, inputs, *args, mode=mode, **kwargs)

    monkeypatch.setattr(RecognizerGCN, 'forward', watched)
    runner.train()
    dtype = torch.bfloat16 if amp else torch.float32
    step = [('loss', True, dtype), ('tensor', False, dtype)]
    assert calls == step * 6
    table = blend_of(runner).saliency
    assert table.values.dtype == torch.float32 and table.values.any()


def test_accuracy_on_the_originals_and_the_width_of_the_draw_are_logged(
    stick_config, build
):
    runner = build(stick_config())
    seen = []

    def probe(runner, data_batch):
        seen.append(runner.message_hub.get_scalar('train/top1_acc').current())

    runner.register_hook(Spy(probe))
    runner.train()
    assert len(seen) == 6
    assert all(abs(7 * acc - round(7 * acc)) < 1e-5 for acc in seen)
    (log,) = Path(runner.log_dir).glob('*.log')
    choices = float(runner.model.data_preprocessor.blending.choices().mean())
    told = f'a class draws from {choices:.1f} of 20 combinations'
    assert told in log.read_text()


def test_warm_up_as_long_as_the_training_is_refused(stick_config, build):
    cfg = stick_config()
    cfg.custom_hooks[1].warmup_epochs = 2
    with pytest.raises(ValueError, match='warmup_epochs=2.*6'):
        build(cfg).train()


@pytest.mark.parametrize(
    'blending, words',
    [
        (None, 'NoneType'),
        (
            dict(
                type='RandomBatchAugment',
                augments=dict(type='MixupBlending', num_classes=4),
            ),
            'RandomBatchAugment',
        ),
    ],
)
def test_a_blend_whose_state_would_be_lost_is_refused(
    stick_config, build, blending, words
):
    cfg = stick_config()
    cfg.model.data_preprocessor.blending = blending
    with pytest.raises(ValueError, match=f'itself.*{words}'):
        build(cfg).train()


def test_starting_from_weights_measures_its_own_data(
    stick_config, build, tmp_path
):
    cfg = stick_config()
    build(cfg).train()
    path = f'{cfg.work_dir}/epoch_2.pth'
    checkpoint = torch.load(path, weights_only=False)
    prefix = 'data_preprocessor.blending.'
    own = checkpoint['state_dict'][f'{prefix}mean_pose'].clone()
    checkpoint['state_dict'][f'{prefix}mean_pose'] += 100.0
    other = str(tmp_path / 'other_data.pth')
    torch.save(checkpoint, other)
    runner = build(stick_config(load_from=other))
    runner.train()
    blend = blend_of(runner)
    # Another random temporal sampling of the same clips.
    assert (blend.mean_pose - own).abs().max() < 1.0
    assert blend.saliency.updates.sum() <= 4 * 6


def test_the_dumped_config_has_the_part_numbers_of_the_run(
    stick_config, build
):
    cfg = stick_config()
    layout = cfg.model.data_preprocessor.blending.layout.to_dict()
    # An order that sorting by key would undo.
    names = dict(zip('vwxza', layout['parts']))
    layout['parts'] = names
    cfg.model.data_preprocessor.blending.layout = layout
    runner = build(cfg)
    runner.train()
    dumped = Config.fromstring(runner.cfg.pretty_text, '.py')
    spec = dumped.model.data_preprocessor.blending.layout
    assert list(spec.parts) == sorted(names)
    blend = blend_of(runner)
    assert blend.layout.part_names == tuple(names)
    assert get_layout(spec.to_dict()) == blend.layout
    path = f'{cfg.work_dir}/epoch_1.pth'
    meta = torch.load(path, weights_only=False)['meta']
    assert list(meta['body_parts']) == list(names)
    assert meta['body_parts']['a'] == [5]
    # Another partition: the table is of no use to it.
    moved = dict(names, v=[0], w=[1, 2])
    cfg = stick_config(load_from=path, resume=True)
    cfg.model.data_preprocessor.blending.layout = dict(layout, parts=moved)
    with pytest.raises(ValueError, match='cannot resume.*other body parts'):
        build(cfg).train()


def test_a_blend_without_its_hook_is_refused(stick_config, build):
    cfg = stick_config()
    del cfg.custom_hooks[1]
    with pytest.raises(ValueError, match='SaliencyHook'):
        build(cfg).train()


def test_missing_counts_hook_is_named(stick_config, build):
    cfg = stick_config()
    del cfg.custom_hooks[0]
    with pytest.raises(ValueError, match='ClassCountsHook'):
        build(cfg).train()


@pytest.mark.parametrize(
    'arguments, words',
    [
        (dict(interval=0), 'interval'),
        (dict(momentum=1.0), 'momentum'),
        (dict(warmup_epochs=-1), 'warmup_epochs'),
        (dict(estimator='shap'), "estimator='shap'.*'gradcam' or 'random'"),
        (dict(average='mean'), "average='mean'.*'ema', 'recent'"),
        (dict(warmup_rule='none'), "warmup_rule='none'.*'overwrite'"),
        (dict(share=0), 'share'),
        (dict(share=1.5), 'share'),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    from shapmix_mm.engine import SaliencyHook

    with pytest.raises(ValueError, match=words):
        SaliencyHook(**arguments)


def warnings_of(runner, monkeypatch):
    heard = []
    monkeypatch.setattr(runner.logger, 'warning', heard.append)
    return heard


@pytest.mark.parametrize('average', ['ema', 'recent'])
def test_contributions_that_are_not_finite_are_left_out_and_counted(
    stick_config, build, monkeypatch, average
):
    """Every contribution of the first clip overflows, in each step."""
    cfg = stick_config()
    cfg.custom_hooks[1].average = average
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    runner = build(cfg)
    hook = next(h for h in runner.hooks if isinstance(h, SaliencyHook))
    attach = hook.attach

    def overflowing(runner):
        attach(runner)
        observe = hook._observe

        def observed(*args):
            observation = observe(*args)
            observation.values[0] = torch.nan
            return observation

        hook._observe = observed

    monkeypatch.setattr(hook, 'attach', overflowing)
    heard = warnings_of(runner, monkeypatch)
    runner.train()
    table = blend_of(runner).saliency
    assert table.values.isfinite().all() and table.values.any()
    told = [text for text in heard if 'not finite' in text]
    # One contribution of one clip in each of three steps.
    assert len(told) == 2 and all('3 contributions' in t for t in told)


def test_a_loaded_table_that_is_not_finite_is_named(
    stick_config, build, monkeypatch
):
    cfg = stick_config()
    build(cfg).train()
    path = f'{cfg.work_dir}/epoch_1.pth'
    checkpoint = torch.load(path, weights_only=False)
    prefix = 'data_preprocessor.blending.saliency'
    checkpoint['state_dict'][f'{prefix}.values'][2, 5] = torch.nan
    torch.save(checkpoint, path)
    runner = build(stick_config(load_from=path, resume=True))
    heard = warnings_of(runner, monkeypatch)
    runner.train()
    assert any('not finite' in t and 'class 2' in t for t in heard)
    assert blend_of(runner).saliency.values.isfinite().all()
