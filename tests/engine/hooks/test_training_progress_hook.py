"""Losses that change during training, in real runs."""

import pytest
import torch
from mmengine.hooks import Hook

from shapmix_mm.config.launch import bare_model
from shapmix_mm.engine import TrainingProgressHook


class Watch(Hook):
    """Notes after each step whether the loss has changed."""

    priority = 'VERY_LOW'

    def __init__(self):
        self.late = []

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        self.late.append(bare_model(runner).cls_head.loss_cls.is_late)


def config(stick_config, times=1, inner=None, **switch):
    """Two epochs of three steps per pass, without a blend."""
    cfg = stick_config()
    del cfg.model.data_preprocessor
    # All frames in order: nothing random but what the sampler seeds.
    cfg.train_dataloader.dataset.pipeline[0].clip_len = 12
    loss = dict(type='DeferredReweightingLoss', beta=0.9, **switch)
    if inner:
        loss['loss'] = inner
    cfg.model.cls_head.loss_cls = loss
    cfg.custom_hooks = [
        dict(type='ClassCountsHook'),
        dict(type='TrainingProgressHook'),
    ]
    if times > 1:
        cfg.train_dataloader.dataset = dict(
            type='RepeatDataset',
            times=times,
            dataset=cfg.train_dataloader.dataset,
        )
    return cfg


def watched(runner):
    watch = Watch()
    runner.register_hook(watch, priority='VERY_LOW')
    return watch


@pytest.mark.parametrize(
    'times, switch, first, total',
    [
        (1, dict(start=0.5), 3, 6),
        (1, dict(start_epoch=1), 3, 6),
        # Two epochs of two passes each.
        (2, dict(start=0.75), 9, 12),
        (2, dict(start_epoch=1), 3, 12),
        (2, dict(start_epoch=3), 9, 12),
    ],
)
def test_the_switch_counts_passes(
    stick_config, build, times, switch, first, total
):
    runner = build(config(stick_config, times, **switch))
    watch = watched(runner)
    runner.train()
    assert watch.late == [i >= first for i in range(total)]
    hook = next(h for h in runner.hooks if isinstance(h, TrainingProgressHook))
    assert hook._pass == 3


@pytest.mark.parametrize('first', [2, 3, 4])
def test_a_resumed_run_goes_on_as_if_never_stopped(
    stick_config, build, tmp_path, first
):
    """The switch before, at and after the checkpoint of epoch 1."""
    inner = dict(type='BalancedSoftmaxLoss')
    switch = dict(start_epoch=first / 3, inner=inner)
    whole = build(config(stick_config, **switch))
    watch = watched(whole)
    whole.train()
    assert watch.late == [i >= first for i in range(6)]

    resumed = config(stick_config, **switch)
    resumed.resume = True
    resumed.load_from = str(tmp_path / 'run' / 'epoch_1.pth')
    resumed.work_dir = str(tmp_path / 'resumed')
    again = build(resumed)
    rest = watched(again)
    again.train()
    assert rest.late == watch.late[3:]
    expected = bare_model(whole).state_dict()
    for name, value in bare_model(again).state_dict().items():
        torch.testing.assert_close(value, expected[name])


def test_a_run_that_is_over_resumes_to_nothing(stick_config, build):
    cfg = config(stick_config)
    build(cfg).train()
    cfg.resume = True
    runner = build(cfg)
    watch = watched(runner)
    runner.train()
    assert watch.late == []


def test_forgotten_hook_and_a_switch_after_the_end_fail_at_once(
    stick_config, build
):
    cfg = config(stick_config)
    cfg.custom_hooks = cfg.custom_hooks[:1]
    with pytest.raises(ValueError, match='TrainingProgressHook'):
        build(cfg).train()
    runner = build(config(stick_config, start_epoch=2))
    watch = watched(runner)
    with pytest.raises(ValueError, match='iteration 6, .* only 6'):
        runner.train()
    assert watch.late == []


def test_influence_balanced_run_on_soft_labels(stick_config, build):
    """Two heads' worth of protocol, under a blend with originals."""
    cfg = stick_config()
    cfg.model.cls_head.type = 'FeatureGCNHead'
    cfg.model.cls_head.loss_cls = dict(
        type='InfluenceBalancedLoss', loss_weight=2.0
    )
    cfg.custom_hooks.append(dict(type='TrainingProgressHook'))
    runner = build(cfg)
    watch = watched(runner)
    runner.train()
    assert watch.late == [False] * 3 + [True] * 3
    for value in bare_model(runner).state_dict().values():
        assert bool(value.isfinite().all())
