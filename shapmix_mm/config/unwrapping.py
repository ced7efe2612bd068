"""Reach what hooks need inside a runner."""

from __future__ import annotations

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

__all__ = ['bare_model', 'num_classes_of']


def bare_model(runner: Runner) -> nn.Module:
    """The runner's model without its distributed wrapper.

    Args:
        runner (Runner): The runner.

    Returns:
        nn.Module: The recognizer.
    """
    model = runner.model
    return model.module if is_model_wrapper(model) else model


def num_classes_of(model: nn.Module) -> int:
    """Number of classes of a recognizer's head.

    Args:
        model (nn.Module): The recognizer.

    Returns:
        int: K.

    Raises:
        ValueError: If the model has no ``cls_head.num_classes``.
    """
    head = getattr(model, 'cls_head', None)
    num_classes = getattr(head, 'num_classes', None)
    if num_classes is None:
        raise ValueError(
            f'{type(model).__name__} has no '
            'cls_head.num_classes to count classes for'
        )
    return int(num_classes)
