"""Skeleton recognizer that trains on several views of each sample."""

from __future__ import annotations

from typing import Any

import torch
from mmaction.models.recognizers import RecognizerGCN
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from torch import Tensor

__all__ = ['ViewRecognizerGCN', 'split_views']


@MODELS.register_module()
class ViewRecognizerGCN(RecognizerGCN):
    """MMAction2's ``RecognizerGCN`` whose training clips are views.

    Parameters and scores are those of ``RecognizerGCN``; at inference several
    clips are averaged as ever. In training the head receives the maps of the
    views beside each other, (views, N, M, D, T, V), where stock would take
    each view for a sample.

    Args:
        args (tuple): Arguments of ``RecognizerGCN``.
        joint (bool): Whether all views pass the backbone as one batch, which
            its batch norms see as one, or one after the other. Defaults to
            True.
        kwargs (dict): More arguments of ``RecognizerGCN``, by name.
    """

    def __init__(self, *args: Any, joint: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.joint = joint

    def loss(
        self, inputs: Tensor, data_samples: SampleList, **kwargs: Any
    ) -> dict:
        """Losses of a batch of views.

        Args:
            inputs (Tensor): Skeletons, shape (N, views, M, T, V, C).
            data_samples (list[ActionDataSample]): N samples.
            kwargs (dict): Not used.

        Returns:
            dict: Losses and figures for the log.

        Raises:
            ValueError: If it is another number of views than the head's.
        """
        views = split_views(inputs, self.cls_head)
        if self.joint:
            maps = self.backbone(views.flatten(0, 1))
            maps = maps.unflatten(0, views.shape[:2])
        else:
            maps = torch.stack([self.backbone(view) for view in views])
        return self.cls_head.loss(maps, data_samples)


def split_views(inputs: Tensor, head: Any) -> Tensor:
    """Put the views of a batch first, once their number fits.

    Args:
        inputs (Tensor): Skeletons, shape (N, views, M, T, V, C).
        head (nn.Module): Head with ``num_views``.

    Returns:
        Tensor: Shape (views, N, M, T, V, C).

    Raises:
        ValueError: If it is another number of views than the head's.
    """
    if inputs.size(1) != head.num_views:
        raise ValueError(
            f'{type(head).__name__} learns from {head.num_views} views of '
            f'each sample, the batch has {inputs.size(1)}; end the training '
            f"pipeline in dict(type='MultiView', num_views={head.num_views},"
            ' pipeline=[...])'
        )
    return inputs.transpose(0, 1)
