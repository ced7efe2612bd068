"""Skeleton recognizer with an auxiliary head on several of its blocks."""

from __future__ import annotations

from typing import Any, Sequence

import torch
from mmaction.models.recognizers import RecognizerGCN
from mmaction.registry import MODELS
from pydantic import Field
from torch import Tensor, nn
from typing_extensions import Annotated

from shapmix_mm.arguments import NonNegativeInt

from ..backbones.stack import SkeletonBackbone

__all__ = ['RefinementRecognizerGCN']

Taps = Annotated[Sequence[NonNegativeInt], Field(min_length=1)]


@MODELS.register_module()
class RefinementRecognizerGCN(RecognizerGCN):
    """``RecognizerGCN`` whose blocks are refined while training.

    Scores and the names of its parameters are those of ``RecognizerGCN``;
    those of the head come under ``refinement``, and are idle at inference.
    Serves any backbone that holds its blocks in a list: CTR-GCN and the other
    stacks of this package, MMAction2's ``STGCN`` and ``AAGCN``.

    Args:
        refinement (dict): Config of the auxiliary head, such as ``FRHead``.
        taps (Sequence[int]): Blocks whose maps it gets, from 0.
            Defaults to (0, 4, 7, 9).
        **kwargs: Arguments of ``RecognizerGCN``.

    Raises:
        ValueError: If the backbone has no such blocks.
    """

    def __init__(
        self, refinement: dict, taps: Taps = (0, 4, 7, 9), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.refinement = MODELS.build(refinement)
        blocks = getattr(self.backbone, 'net', None)
        if blocks is None:
            blocks = getattr(self.backbone, 'gcn', None)
        if not isinstance(blocks, nn.ModuleList) or len(blocks) <= max(taps):
            raise ValueError(
                f'RefinementRecognizerGCN finds no blocks {tuple(taps)} in '
                f'{type(self.backbone).__name__}'
            )
        self.taps = tuple(taps)
        self._maps: dict[int, Tensor] = {}
        self._scores: Tensor | None = None
        for tap in self.taps:
            blocks[tap].register_forward_hook(self._keep_map(tap))
        self.cls_head.register_forward_hook(self._keep_scores)

    def loss(self, inputs: Tensor, data_samples: list, **kwargs: Any) -> dict:
        """Losses of the classifier and of the auxiliary head.

        Args:
            inputs (Tensor): Skeletons (N, clips, M, T, V, C).
            data_samples (list[ActionDataSample]): With labels.
            **kwargs: Of ``RecognizerGCN``.

        Returns:
            dict: Those of ``RecognizerGCN`` and ``loss_refinement``.
        """
        self._maps.clear()
        losses = super().loss(inputs, data_samples, **kwargs)
        maps = [self._maps[tap] for tap in self.taps]
        scores, self._scores = self._scores, None
        self._maps.clear()
        labels = torch.stack([s.gt_label for s in data_samples])
        labels = labels.to(inputs.device)
        if not labels.is_floating_point():
            labels = labels.flatten()
        losses['loss_refinement'] = self.refinement(
            [self._by_person(m, len(inputs)) for m in maps], labels, scores
        )
        return losses

    def _by_person(self, x: Tensor, samples: int) -> Tensor:
        """Maps of a block as (N, M, C, T, V)."""
        if isinstance(self.backbone, SkeletonBackbone):
            x = self.backbone.samples_first(x)
        return x.unflatten(0, (samples, -1))

    def _keep_map(self, tap: int) -> Any:
        def hook(module: nn.Module, args: tuple, output: Tensor) -> None:
            if self.training:
                self._maps[tap] = output

        return hook

    def _keep_scores(
        self, module: nn.Module, args: tuple, output: Tensor
    ) -> None:
        if self.training:
            self._scores = output
