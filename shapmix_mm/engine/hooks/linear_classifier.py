"""Reach the classifier whose norms second-stage methods change."""

from __future__ import annotations

from mmengine.runner import Runner
from torch import nn

from ...config.launch import bare_model

__all__ = ['linear_classifier']


def linear_classifier(runner: Runner, owner: str) -> nn.Linear:
    """The last layer of a recognizer.

    Args:
        runner (Runner): The runner.
        owner (str): Who asks, for the message.

    Returns:
        nn.Linear: Row k of its weight belongs to class k.

    Raises:
        TypeError: If the head has none, or one that ignores the norms.
    """
    model = bare_model(runner)
    layer = getattr(getattr(model, 'cls_head', None), 'fc', None)
    if not isinstance(layer, nn.Linear):
        raise TypeError(
            f'{owner} changes the norms of a linear classifier cls_head.fc, '
            'as GCNHead and FeatureGCNHead have one; got '
            f'{type(layer).__name__}'
        )
    return layer
