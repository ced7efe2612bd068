"""Skeleton recognizer with several experts on one stem."""

from __future__ import annotations

from typing import Any

from mmaction.models.recognizers import RecognizerGCN
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from pydantic import Field
from torch import Tensor
from typing_extensions import Annotated

from shapmix_mm.arguments import Chance, PositiveInt

from ..backbones.experts import ExpertTails, narrowed, split_into_experts
from ..backbones.stack import SkeletonBackbone
from ..heads.expert_routing_head import ExpertRoutingHead
from .frozen_recognizer_gcn import FrozenRecognizerGCN

__all__ = ['ExpertRecognizerGCN', 'FrozenExpertRecognizerGCN']

AtLeastTwo = Annotated[int, Field(ge=2)]


@MODELS.register_module()
class ExpertRecognizerGCN(RecognizerGCN):
    """MMAction2's ``RecognizerGCN`` whose late blocks exist per expert.

    Backbone and head are configured as for one network; number and width of
    the experts are told here alone, so that it is one change to any config.
    The head must know of experts, as ``ExpertGCNHead`` does. Source: Wang et
    al., Long-tailed Recognition by Routing Diverse Distribution-Aware
    Experts, ICLR 2021, Sec. 3.

    Args:
        backbone (dict): Config of a network that is one list of blocks.
        cls_head (dict): Config of the head; ``in_channels`` are those of the
            network as configured.
        num_experts (int): Number of experts E. Defaults to 3.
        width (float): Channels of the experts' blocks, as a share of the
            network's own. Defaults to 0.75.
        split (int, optional): Number of blocks that the experts share.
            Defaults to None: each has the two deepest levels of width.
        kwargs (dict): Further arguments of ``RecognizerGCN``.
    """

    def __init__(
        self,
        backbone: dict,
        cls_head: dict,
        *,
        num_experts: AtLeastTwo = 3,
        width: Chance = 0.75,
        split: PositiveInt | None = None,
        **kwargs: Any,
    ) -> None:
        if 'in_channels' not in cls_head:
            raise KeyError("cls_head lacks the key 'in_channels'")
        channels = narrowed(cls_head['in_channels'], width)
        super().__init__(
            backbone,
            dict(cls_head, in_channels=channels, num_experts=num_experts),
            **kwargs,
        )
        split_into_experts(
            self.backbone, backbone, num_experts, width=width, split=split
        )


@MODELS.register_module()
class FrozenExpertRecognizerGCN(FrozenRecognizerGCN, ExpertRecognizerGCN):
    """``ExpertRecognizerGCN`` with a frozen backbone, for its second stage.

    With an ``ExpertRoutingHead`` a prediction computes each
    further expert for the samples alone that ask for it. All else, an export
    too, computes all experts, with equal scores.

    Args:
        args (tuple): Arguments of ``ExpertRecognizerGCN``.
        kwargs (dict): More of them, by name.
    """

    def predict(
        self, inputs: Tensor, data_samples: SampleList, **kwargs: Any
    ) -> SampleList:
        """Predict by those experts that are asked.

        Args:
            inputs (Tensor): Skeletons (N, clips, M, T, V, C).
            data_samples (list[ActionDataSample]): N samples.
            kwargs (dict): Not used.

        Returns:
            list[ActionDataSample]: The samples with their scores.
        """
        head, persons = self.cls_head, inputs.size(2)
        if not isinstance(head, ExpertRoutingHead):
            return super().predict(inputs, data_samples, **kwargs)
        (tails,) = (
            part
            for part in self.backbone.modules()
            if isinstance(part, ExpertTails)
        )

        def wanted(maps: Tensor) -> Tensor:
            if isinstance(self.backbone, SkeletonBackbone):
                maps = self.backbone.samples_first(maps)
            asked = head.asks(maps.unflatten(0, (-1, persons)))
            return asked.repeat_interleave(persons)

        tails.wanted = wanted
        try:
            return super().predict(inputs, data_samples, **kwargs)
        finally:
            tails.wanted = None
