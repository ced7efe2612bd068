"""Skeleton recognizer of which only the head is trained."""

from __future__ import annotations

from typing import Any, Iterator

from mmaction.models.recognizers import RecognizerGCN
from mmaction.registry import MODELS
from torch import nn

__all__ = ['FrozenRecognizerGCN']


@MODELS.register_module()
class FrozenRecognizerGCN(RecognizerGCN):
    """MMAction2's ``RecognizerGCN`` with a frozen backbone.

    For the second stage of two-stage methods. Arguments, parameters and
    scores are those of ``RecognizerGCN``. The parameters of backbone and neck
    want no gradient from the beginning, so that a distributed wrapper never
    waits for one, and both stay in evaluation mode: their batch normalisation
    neither uses nor updates statistics of the batch. Blend, dropout and loss
    are in training mode as ever.

    Args:
        args (tuple): Arguments of ``RecognizerGCN``.
        kwargs (dict): More of them, by name.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part in self._frozen():
            part.requires_grad_(False)

    def train(self, mode: bool = True) -> FrozenRecognizerGCN:
        """Set the mode of all but backbone and neck.

        Args:
            mode (bool): Whether to train. Defaults to True.

        Returns:
            FrozenRecognizerGCN: Itself.
        """
        super().train(mode)
        for part in self._frozen():
            part.eval()
        return self

    def _frozen(self) -> Iterator[nn.Module]:
        yield self.backbone
        if self.with_neck:
            yield self.neck
