"""mmengine's own hooks and switches: they train, resume and test with ours.

Each is shown to have worked: what it is there for has happened.
"""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import EarlyStoppingHook

from shapmix_mm.config.launch import bare_model

BY_ITERATIONS = """
train_dataloader['sampler'] = dict(type='InfiniteSampler', shuffle=True)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=6, val_interval=3)
default_hooks['checkpoint'].update(interval=3, by_epoch=False)
default_hooks['logger']['log_metric_by_epoch'] = False
log_processor = dict(by_epoch=False)
"""
#: All that can be on at once.
TOGETHER = """
custom_hooks = [dict(type='EMAHook', momentum=0.1), *globals().get(
    'custom_hooks', [dict(type='ClassCountsHook')])]
optim_wrapper = dict(
    type='BFloat16OptimWrapper', accumulative_counts=2,
    clip_grad=dict(max_norm=1.0), optimizer=optim_wrapper['optimizer'])
"""
BLEND = """
model['data_preprocessor'] = dict(
    type='ActionDataPreprocessor',
    blending=dict(type='{}', num_classes=4, layout=LAYOUT{}))
"""
LOSS = "model['cls_head']['loss_cls'] = dict(type='{}')\n"
HEAD = "model['cls_head'].update(type='{}'{})\n"
SCHEDULED = """
custom_hooks = [
    dict(type='ClassCountsHook'), dict(type='TrainingProgressHook')]
"""
SWEEP = dict(
    ce='',
    mixup=BLEND.format('SkeletonMixupBlending', ''),
    cutmix_focal=BLEND.format('SkeletonCutMixBlending', '')
    + LOSS.format('FocalLoss'),
    remix_drw=BLEND.format('RemixBlending', '')
    + LOSS.format('DeferredReweightingLoss')
    + HEAD.format('CosineGCNHead', ', scale=30.')
    + SCHEDULED,
    stmix_cb=BLEND.format('STMixBlending', '')
    + LOSS.format('ClassBalancedLoss'),
    skelemix_la=BLEND.format('SkeleMixBlending', '')
    + LOSS.format('LogitAdjustedLoss'),
    ib=LOSS.format('InfluenceBalancedLoss')
    + HEAD.format('FeatureGCNHead', '')
    + SCHEDULED,
    ride=HEAD.format('ExpertGCNHead', ', scale=30.')
    + "model.update(type='ExpertRecognizerGCN', num_experts=2, split=1)\n"
    + LOSS.format('ExpertDiversityLoss')
    + SCHEDULED,
    tacnnmix=BLEND.format('TaCNNMixBlending', ", lower=['part1', 'part2']"),
)


@pytest.fixture
def lives(build, write_stick, tmp_path):
    """Function that trains, resumes from the middle and tests.

    It returns the runner that trained from the beginning; the resumed one
    has to end at the same step, the tested one gives all the metrics.
    """

    def run(extra='', middle='epoch_1', last='epoch_2', **kwargs):
        path = write_stick()
        runner = build(path, extra, **kwargs)
        runner.train()
        for value in runner.model.state_dict().values():
            assert value.isfinite().all()
        saved = tmp_path / 'run'
        begin = f"\nload_from = '{saved / middle}.pth'\nresume = True\n"
        again = build(path, extra + begin, **kwargs)
        again.train()
        assert again.iter == runner.iter
        begin = f"\nload_from = '{saved / last}.pth'\n"
        tested = build(path, extra + begin, **kwargs).test()
        assert 0 <= tested['acc/mean_class'] <= 1
        return runner

    return run


def guided(runner):
    blend = bare_model(runner).data_preprocessor.blending
    return bool(blend.guided) and bool(blend.saliency.updates.any())


def history(runner, key):
    """Logged values of a scalar."""
    return runner.message_hub.get_scalar(key).data[0].tolist()


@pytest.mark.parametrize('name', SWEEP)
def test_all_at_once_with_every_blend_and_loss(name, lives):
    runner = lives(SWEEP[name] + TOGETHER, shapmix=False)
    assert max(history(runner, 'train/grad_norm')) > 0


def test_all_at_once_with_shapmix(lives):
    assert guided(lives(TOGETHER))


def test_a_loop_by_iterations(lives):
    runner = lives(BY_ITERATIONS, middle='iter_3', last='iter_6')
    assert guided(runner) and runner.iter == 6
    assert len(history(runner, 'val/acc/mean_class')) == 2


def test_intervals_that_change(lives):
    runner = lives(
        'train_cfg.update(max_epochs=3, val_interval=5,'
        ' dynamic_intervals=[(3, 1)])\n'
    )
    assert len(history(runner, 'val/acc/mean_class')) == 2


def test_early_stopping(build, write_stick):
    runner = build(
        write_stick(),
        "train_cfg['max_epochs'] = 6\n"
        "custom_hooks += [dict(type='EarlyStoppingHook', min_delta=2,"
        " monitor='acc/mean_class', rule='greater', patience=1)]\n",
    )
    runner.train()
    assert any(isinstance(h, EarlyStoppingHook) for h in runner.hooks)
    # The first is the best, the second is waited for.
    assert 2 <= runner.epoch < 6 and guided(runner)


def test_profiler(trains, write_stick, tmp_path):
    """It is not resumed: mmengine's never stops then."""
    trace = tmp_path / 'trace.json'
    runner = trains(
        write_stick(),
        "custom_hooks += [dict(type='ProfilerHook', by_epoch=False,"
        f' profile_times=2, json_trace_path={str(trace)!r})]\n',
    )
    assert guided(runner)
    events = json.loads(trace.read_text())['traceEvents']
    assert any(e.get('name') == 'aten::conv2d' for e in events)


def test_scaled_learning_rate_and_plateau(lives):
    """Rates of batches of 7 for a base of 14, halved where nothing gains."""
    runner = lives(
        'auto_scale_lr = dict(enable=True, base_batch_size=14)\n'
        "param_scheduler = [dict(type='ReduceOnPlateauLR', factor=0.5,"
        " monitor='acc/mean_class', rule='greater', threshold=9.,"
        ' patience=0)]\n'
        "train_cfg['max_epochs'] = 3\n"
    )
    # The first validation is the best, each later one no better.
    found = history(runner, 'train/lr')
    assert found == pytest.approx([0.025] * 6 + [0.0125] * 3)


def test_pictures_of_validation(lives, tmp_path):
    out = tmp_path / 'pictures'
    lives(
        "default_hooks['visualization'] = dict(enable=True, interval=13,"
        f" type='SkeletonVisualizationHook', suffix='.png',"
        f' out_dir={str(out)!r})\n'
    )
    assert [*out.rglob('*.png')]


@pytest.fixture
def wandb(monkeypatch):
    """A stand-in for the package that keeps what it is given."""
    seen = SimpleNamespace(logged=[], finished=0)

    def finish(*args, **kwargs):
        seen.finished += 1

    class Config(dict):
        def update(self, values, allow_val_change):
            super().update(values)

    seen.config = Config()
    stub = SimpleNamespace(
        init=lambda **kwargs: seen,
        log=lambda values, **kwargs: seen.logged.append(values),
        config=seen.config,
        define_metric=lambda *args, **kwargs: None,
        run=SimpleNamespace(log_code=lambda name: None),
        join=finish,
    )
    monkeypatch.setitem(sys.modules, 'wandb', stub)
    return seen


def test_wandb(lives, wandb):
    lives("visualizer['vis_backends'] = [dict(type='WandbVisBackend')]\n")
    keys = {key for values in wandb.logged for key in values}
    assert {'loss', 'acc/mean_class', 'saliency_passes'} <= keys
    assert wandb.config['model']['type'] == 'RecognizerGCN'


def test_tensorboard(lives, tmp_path):
    pytest.importorskip('tensorboard', reason='tensorboard is missing')
    backend = "dict(type='TensorboardVisBackend')"
    lives(f"visualizer['vis_backends'] = [{backend}]\n")
    assert [*tmp_path.rglob('events.out.tfevents*')]


@pytest.mark.slow
def test_persistent_spawned_workers(trains, write_stick):
    """What a worker gets is pickled: dataset, transforms and sampler."""
    runner = trains(
        write_stick(),
        'train_dataloader.update(num_workers=1, persistent_workers=True,'
        " multiprocessing_context='spawn')\n",
    )
    assert guided(runner)


@pytest.mark.slow
@pytest.mark.parametrize('option', ['static_graph', 'find_unused_parameters'])
def test_wrappers_on_two_ranks(
    option, two_ranks, tmp_path, write_stick, write_config, validations
):
    cfg = write_config(
        write_stick(),
        "model_wrapper_cfg = dict(type='MMDistributedDataParallel',"
        f' {option}=True)\n',
    )
    two_ranks('train', cfg, '--work-dir', tmp_path / 'run')
    assert len(validations(tmp_path / 'run')) == 2
    saved = torch.load(tmp_path / 'run/epoch_2.pth', weights_only=False)
    table = saved['state_dict']['data_preprocessor.blending.saliency.updates']
    assert table.any()
