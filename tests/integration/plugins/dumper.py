"""Hooks that write what each rank holds, and one that freezes a model."""

import os

import torch
from mmaction.registry import HOOKS
from mmengine.dist import get_rank
from mmengine.hooks import Hook

from shapmix_mm.config.launch import bare_model


def dump(runner, when):
    blend = bare_model(runner).data_preprocessor.blending
    torch.save(
        {name: value.clone() for name, value in blend.state_dict().items()},
        os.path.join(
            os.environ['DUMPS'],
            f'{when}_epoch{runner.epoch + 1}_rank{get_rank()}.pt',
        ),
    )


@HOOKS.register_module()
class BeforeSync(Hook):
    """Runs before SyncBuffersHook, whose priority is NORMAL."""

    priority = 'ABOVE_NORMAL'

    def after_train_epoch(self, runner):
        dump(runner, 'before')


@HOOKS.register_module()
class AfterSync(Hook):
    priority = 'LOWEST'

    def after_train_epoch(self, runner):
        dump(runner, 'after')


@HOOKS.register_module()
class FrozenModel(Hook):
    """Batch norm learns nothing, and scores differ visibly."""

    def before_train(self, runner):
        bare_model(runner).cls_head.fc.weight.data.mul_(100)
        for module in runner.model.modules():
            if hasattr(module, 'running_mean'):
                module.momentum = 0.0
