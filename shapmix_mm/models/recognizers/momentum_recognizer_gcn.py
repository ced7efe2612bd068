"""Skeleton recognizer with a second one that follows it slowly."""

from __future__ import annotations

import copy
from typing import Any, Iterator

import torch
from mmaction.models.recognizers import RecognizerGCN
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmengine import dist
from torch import Tensor, nn

from shapmix_mm.arguments import Fraction

from .view_recognizer_gcn import split_views

__all__ = ['MomentumRecognizerGCN']


@MODELS.register_module()
class MomentumRecognizerGCN(RecognizerGCN):
    r"""MMAction2's ``RecognizerGCN`` with a momentum copy of its encoder.

    The first of two views passes the network, the second its copy, whose
    parameters follow those of the network at each training step, before the
    optimizer moves them:

    .. math:: \theta_k \leftarrow m\, \theta_k + (1 - m)\, \theta_q

    The copy is of backbone and ``cls_head.projector``; it learns nothing by
    itself and is not used at inference. Its batch norms see the samples in
    an order that is shuffled over all ranks, so that a key cannot tell by
    the statistics which ranks' queries it belongs to; on one rank there is
    nothing to shuffle. With gradient accumulation it moves at each of the
    smaller batches. A training that starts from a checkpoint without a copy
    begins with one of the network loaded. Source: He et al., Momentum
    Contrast, CVPR 2020; Cui et al., Parametric Contrastive Learning, ICCV
    2021.

    Args:
        args (tuple): Arguments of ``RecognizerGCN``.
        momentum (float): m. Defaults to 0.999.
        kwargs (dict): More arguments of ``RecognizerGCN``, by name.
    """

    key_started: Tensor

    def __init__(
        self, *args: Any, momentum: Fraction = 0.999, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.momentum = momentum
        self.key_backbone = copy.deepcopy(self.backbone)
        self.key_projector = copy.deepcopy(self.cls_head.projector)
        for part in (self.key_backbone, self.key_projector):
            part.requires_grad_(False)
        # 1 once the copy has taken over the network, equal on all ranks.
        self.register_buffer('key_started', torch.zeros(()))

    def loss(
        self, inputs: Tensor, data_samples: SampleList, **kwargs: Any
    ) -> dict:
        """Losses of a batch of two views.

        Args:
            inputs (Tensor): Skeletons, shape (N, 2, M, T, V, C).
            data_samples (list[ActionDataSample]): N samples.
            kwargs (dict): Not used.

        Returns:
            dict: Losses and figures for the log.

        Raises:
            ValueError: If it is another number of views.
        """
        query, key = split_views(inputs, self.cls_head)
        maps = self.backbone(query)
        with torch.no_grad():
            self._follow()
            keys = self._keys(key)
        return self.cls_head.loss(maps, data_samples, keys=keys)

    def _pairs(self) -> Iterator[tuple[nn.Parameter, nn.Parameter]]:
        head = self.cls_head
        yield from zip(
            self.key_backbone.parameters(), self.backbone.parameters()
        )
        yield from zip(
            self.key_projector.parameters(), head.projector.parameters()
        )

    def _follow(self) -> None:
        keep = self.momentum * self.key_started
        for key, query in self._pairs():
            key.lerp_(query.detach(), (1 - keep).to(key.dtype))
        self.key_started.fill_(1)

    def _keys(self, clips: Tensor) -> Tensor:
        """Projected keys of the second view, shape (N, d)."""
        ranks, num = dist.get_world_size(), len(clips)
        if ranks > 1:
            order = torch.randperm(ranks * num, device=clips.device)
            dist.broadcast(order)
            mine = order.view(ranks, num)[dist.get_rank()]
            clips = torch.cat(dist.all_gather(clips.contiguous()))[mine]
        maps = self.key_backbone(clips)
        keys = self.key_projector(self.cls_head.features(maps))
        if ranks > 1:
            every = torch.cat(dist.all_gather(keys.contiguous()))
            # Row i of it is sample order[i].
            own = order.argsort().view(ranks, num)[dist.get_rank()]
            keys = every[own]
        return keys
