"""Automatic mixed precision on whatever the training runs on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from mmaction.registry import OPTIM_WRAPPERS
from mmengine.config import ConfigDict
from mmengine.device import get_device
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import Tensor, nn

__all__ = ['BFloat16OptimWrapper', 'use_mixed_precision']

# All but a loss scale, which bfloat16 has no need of, they have in common.
_EXCHANGEABLE = ('OptimWrapper', 'AmpOptimWrapper', 'BFloat16OptimWrapper')


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(AmpOptimWrapper):
    """Train in autocast to bfloat16, on a CPU as on a GPU.

    mmengine 0.10.7 refuses ``AmpOptimWrapper`` without a GPU because of its
    loss scaler. bfloat16 has the exponents of float32: its gradients do not
    vanish, and nothing has to be scaled. NumPy has no bfloat16, and
    MMAction2's heads count the hits of hard labels by NumPy: the scores of a
    training step leave the head as float32, in which losses work anyway.

    Args:
        kwargs: Arguments of mmengine's ``OptimWrapper``.
    """

    def __init__(self, **kwargs: Any) -> None:
        OptimWrapper.__init__(self, **kwargs)
        self.cast_dtype = torch.bfloat16
        self._head: nn.Module | None = None

    def optim_context(self, model: nn.Module) -> AbstractContextManager:
        """Context of a training step; see ``AmpOptimWrapper``."""
        head = getattr(getattr(model, 'module', model), 'cls_head', None)
        if head is not None and head is not self._head:
            head.register_forward_hook(_as_float32)
            self._head = head
        return super().optim_context(model)

    def backward(self, loss: Tensor, **kwargs: Any) -> None:
        """Propagate back; see ``OptimWrapper``."""
        OptimWrapper.backward(self, loss, **kwargs)

    def step(self, **kwargs: Any) -> None:
        """Update the parameters; see ``OptimWrapper``."""
        OptimWrapper.step(self, **kwargs)

    def state_dict(self) -> dict:
        """State of the optimizer; see ``OptimWrapper``."""
        return OptimWrapper.state_dict(self)

    def load_state_dict(self, state_dict: dict) -> None:
        """Load a state, also one that ``AmpOptimWrapper`` left.

        Args:
            state_dict (dict): The state; a loss scale in it is dropped.
        """
        state_dict.pop('loss_scaler', None)
        OptimWrapper.load_state_dict(self, state_dict)


def _as_float32(head: nn.Module, args: Any, scores: Any) -> Any:
    if head.training and isinstance(scores, Tensor):
        return scores.float()
    return scores


def use_mixed_precision(settings: ConfigDict) -> None:
    """Let an optimizer wrapper train in mixed precision.

    On a GPU this is ``AmpOptimWrapper`` with a dynamic loss scale, unless the
    settings say otherwise; on a CPU ``BFloat16OptimWrapper``.

    Args:
        settings (ConfigDict): ``optim_wrapper`` of a config, changed in
            place.

    Raises:
        ValueError: If the settings name another wrapper, a dtype that a CPU
            cannot train in, or the device has no mixed precision.
    """
    kind, device = settings.get('type', 'OptimWrapper'), get_device()
    if kind not in _EXCHANGEABLE:
        raise ValueError(f'--amp does not go with optim_wrapper {kind}')
    if device == 'mps':
        raise ValueError(
            'mixed precision needs a GPU of another kind, or a CPU; mmengine '
            'has none on mps'
        )
    if device == 'cpu':
        _use_bfloat16(settings)
    elif kind != 'BFloat16OptimWrapper':
        settings.type = 'AmpOptimWrapper'
        settings.setdefault('loss_scale', 'dynamic')


def _use_bfloat16(settings: ConfigDict) -> None:
    dtype = settings.pop('dtype', None)
    if dtype not in (None, 'bfloat16', torch.bfloat16):
        raise ValueError(
            f'optim_wrapper.dtype {dtype} needs a GPU; on a CPU mixed '
            'precision is bfloat16'
        )
    settings.pop('loss_scale', None)
    settings.type = 'BFloat16OptimWrapper'
