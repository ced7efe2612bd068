"""Start a second stage from the checkpoint of a first."""

from __future__ import annotations

from typing import Any, Iterator

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.runner.base_loop import BaseLoop
from torch import Tensor, nn

from ...config.launch import bare_model

__all__ = ['SecondStageHook']

_CLASSIFIER = 'cls_head.'
# Blends and losses of the two stages may differ.
_OWN = ('data_preprocessor.', 'cls_head.loss_cls.')


@HOOKS.register_module()
class SecondStageHook(Hook):
    """Takes over a trained model, wholly or all but its classifier.

    The first stage's checkpoint is what ``load_from`` names. mmengine would
    pass over weights that are missing in it or have another shape, and a
    frozen backbone would stay random; here that ends the run before its first
    step. A resumed run takes everything from its own checkpoint.

    Args:
        restart_classifier (bool): Whether the head keeps its fresh weights,
            as classifier re-training wants it. Defaults to False.
    """

    def __init__(self, *, restart_classifier: bool = False) -> None:
        self.restart_classifier = restart_classifier

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the first stage's checkpoint, and take the classifier out.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): What was loaded, changed in place.

        Raises:
            ValueError: If it lacks weights of the model, or has them in
                another shape.
        """
        if runner._resume or not isinstance(runner._train_loop, BaseLoop):
            return
        saved = checkpoint.get('state_dict', checkpoint)
        if self.restart_classifier:
            for name in [key for key in saved if key.startswith(_CLASSIFIER)]:
                del saved[name]
        bad = [
            name
            for name, value in self._wanted(bare_model(runner))
            if name not in saved or saved[name].shape != value.shape
        ]
        if bad:
            more = f' and {len(bad) - 3} more' if len(bad) > 3 else ''
            raise ValueError(
                f'{runner._load_from} is no first stage of this model: '
                f'{", ".join(bad[:3])}{more} are missing there or have '
                'another shape'
            )

    def before_train(self, runner: Runner) -> None:
        """Miss the first stage before the first step.

        Args:
            runner (Runner): The runner, its checkpoint loaded.

        Raises:
            ValueError: If there was none to load.
        """
        if not runner._has_loaded:
            raise ValueError(
                'a second stage starts from a trained model; name its '
                'checkpoint: load_from=... in the config, or --cfg-options '
                'load_from=CHECKPOINT'
            )

    def _wanted(self, model: nn.Module) -> Iterator[tuple[str, Tensor]]:
        skipped: tuple[Any, ...] = _OWN
        if self.restart_classifier:
            skipped += (_CLASSIFIER,)
        head = getattr(model, 'cls_head', None)
        skipped += tuple(_CLASSIFIER + p for p in getattr(head, 'fresh', ()))
        for name, value in model.state_dict().items():
            # A lazy buffer is empty until the data or a checkpoint fill it.
            if value.numel() and not name.startswith(skipped):
                yield name, value
