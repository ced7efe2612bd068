"""Averaged copies of a model: the weights are averaged, the state is not."""

import pytest
import torch
from mmengine.hooks import Hook

from shapmix_mm.config.launch import bare_model


def own_state(model):
    """Counts, table and all else that counted modules remember."""
    return {
        f'{name}.{key}': value
        for name, module in model.named_modules()
        if getattr(module, 'needs_class_counts', False)
        for key, value in module.state_dict().items()
    }


def assert_equal(found, expected):
    assert found.keys() == expected.keys() and found
    for name, value in expected.items():
        assert torch.equal(found[name], value), name


class Seen(Hook):
    """Weights that the validation uses."""

    priority = 'VERY_LOW'

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        self.weight = bare_model(runner).cls_head.fc.weight.clone()


def averaging_config(stick_config, first, **ema):
    cfg = stick_config()
    hook = dict(type='EMAHook', momentum=0.25, **ema)
    cfg.custom_hooks.insert(0 if first else len(cfg.custom_hooks), hook)
    return cfg


@pytest.mark.parametrize('first', [True, False])
@pytest.mark.parametrize('update_buffers', [False, True])
def test_the_weights_are_averaged_and_nothing_else(
    stick_config, build, first, update_buffers
):
    plain = build(stick_config())
    plain.train()
    cfg = averaging_config(stick_config, first, update_buffers=update_buffers)
    runner, seen = build(cfg), Seen()
    runner.register_hook(seen)
    runner.train()
    model = bare_model(runner)
    averaged = next(
        h.ema_model for h in runner.hooks if hasattr(h, 'ema_model')
    ).module
    assert_equal(model.state_dict(), bare_model(plain).state_dict())
    assert_equal(own_state(averaged), own_state(model))
    assert model.data_preprocessor.blending.saliency.updates.any()
    weight = averaged.cls_head.fc.weight
    assert torch.equal(seen.weight, weight)
    assert not torch.equal(weight, model.cls_head.fc.weight)
    # What is deployed has the averaged weights and the state as it was.
    path = f'{cfg.work_dir}/epoch_2.pth'
    deployed = torch.load(path, weights_only=False)['state_dict']
    assert torch.equal(deployed['cls_head.fc.weight'], weight)
    for name, value in own_state(model).items():
        assert torch.equal(deployed[name], value), name


@pytest.mark.parametrize('averaged_before', [True, False])
def test_a_resumed_run_goes_on_averaging(stick_config, build, averaged_before):
    """Also one whose checkpoint is of a run without averaged weights."""
    cfg = (
        averaging_config(stick_config, True)
        if averaged_before
        else stick_config()
    )
    build(cfg).train()
    path = f'{cfg.work_dir}/epoch_1.pth'
    saved = torch.load(path, weights_only=False)
    cfg = averaging_config(stick_config, True, update_buffers=True)
    cfg.merge_from_dict(dict(load_from=path, resume=True))
    runner, begun = build(cfg), {}

    class Begin(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            model = bare_model(runner)
            begun.setdefault('state', {}) or begun['state'].update(
                (k, v.clone()) for k, v in own_state(model).items()
            )
            begun.setdefault('weight', model.cls_head.fc.weight.clone())

    runner.register_hook(Begin(), priority='HIGHEST')
    runner.train()
    for name, value in begun['state'].items():
        assert torch.equal(value, saved['state_dict'][name]), name
    weights = saved['state_dict']
    if averaged_before:
        weights = {
            name.removeprefix('module.'): value
            for name, value in saved['ema_state_dict'].items()
        }
    assert torch.equal(begun['weight'], weights['cls_head.fc.weight'])


@pytest.mark.parametrize('kind', ['RemixBlending', None])
def test_counts_are_there_before_anyone_copies(stick_config, build, kind):
    cfg = stick_config()
    cfg.custom_hooks = [dict(type='ClassCountsHook')]
    if kind:
        cfg.model.data_preprocessor.blending.type = kind
    else:
        del cfg.model.data_preprocessor
    copies = []

    class Copy(Hook):
        def before_run(self, runner):
            copies.append(
                {k: v.shape for k, v in runner.model.state_dict().items()}
            )

    runner = build(cfg)
    runner.register_hook(Copy())
    runner.train()
    assert copies == [
        {k: v.shape for k, v in runner.model.state_dict().items()}
    ]


def test_what_a_head_has_measured_is_shared_too(stick_config, build):
    cfg = stick_config()
    del cfg.model.data_preprocessor
    cfg.model.cls_head.update(
        type='FeatureCompositionHead',
        num_composed=1,
        loss_cls=dict(type='CrossEntropyLoss'),
    )
    cfg.train_dataloader.batch_size = 4
    cfg.train_dataloader.sampler = dict(
        type='CompositionSampler', num_composed=1, head_share=0.6
    )
    cfg.custom_hooks = [
        dict(type='ClassCountsHook'),
        dict(type='ConfusionHook'),
        dict(type='EMAHook', momentum=0.25),
    ]
    runner = build(cfg)
    runner.train()
    averaged = next(
        h.ema_model for h in runner.hooks if hasattr(h, 'ema_model')
    ).module
    own = bare_model(runner).cls_head
    assert own.confusion.shape == (4, 4)
    assert torch.equal(averaged.cls_head.confusion, own.confusion)
    assert not torch.equal(averaged.cls_head.fc.weight, own.fc.weight)
    cfg.merge_from_dict(
        dict(load_from=f'{cfg.work_dir}/epoch_1.pth', resume=True)
    )
    again = build(cfg)
    again.train()
    assert torch.equal(bare_model(again).cls_head.confusion, own.confusion)
