"""Head with a classifier for each expert."""

from __future__ import annotations

from typing import Any

import torch
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from torch import Tensor, nn

from shapmix_mm.arguments import Positive, PositiveInt

from .cosine_gcn_head import CosineGCNHead, CosineLinear

__all__ = ['ExpertGCNHead']


@MODELS.register_module()
class ExpertGCNHead(CosineGCNHead):
    """A cosine classifier on the pooled maps of each expert.

    In training it gives the scores of all experts to the loss; in evaluation
    the score is their mean, scale included. Source: Wang et al., Long-tailed
    Recognition by Routing Diverse Distribution-Aware Experts, ICLR 2021.

    Args:
        num_classes (int): Number of classes K.
        in_channels (int): Channels D of the maps of one expert.
        num_experts (int): Number of experts E. Defaults to 3.
        scale (float): Factor on the cosines. Defaults to 30.0.
        kwargs (dict): Further arguments of ``GCNHead``.
    """

    def __init__(
        self,
        num_classes: PositiveInt,
        in_channels: PositiveInt,
        *,
        num_experts: PositiveInt = 3,
        scale: Positive = 30.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, scale=scale, **kwargs)
        self.fc: Any = nn.ModuleList(
            CosineLinear(in_channels, num_classes, scale=scale)
            for _ in range(num_experts)
        )

    def expert_scores(self, x: Tensor) -> Tensor:
        """Scores of each expert.

        Args:
            x (Tensor): Maps, shape (N, M, E * D, T, V).

        Returns:
            Tensor: Shape (E, N, K).
        """
        features = self.features(x).chunk(len(self.fc), 1)
        return torch.stack(
            [fc(feature) for fc, feature in zip(self.fc, features)]
        )

    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        """Mean scores of the experts.

        Args:
            x (Tensor): Maps, shape (N, M, E * D, T, V).
            kwargs (dict): Not used.

        Returns:
            Tensor: Shape (N, K).
        """
        return self.expert_scores(x).mean(0)

    def loss(
        self, feats: Tensor, data_samples: SampleList, **kwargs: Any
    ) -> dict:
        """Losses of a batch, and the training accuracy of the mean.

        Args:
            feats (Tensor): Maps, shape (N, M, E * D, T, V).
            data_samples (list[ActionDataSample]): N labels, hard or soft.
            kwargs (dict): Not used.

        Returns:
            dict: Losses and figures for the log.
        """
        scores = self.expert_scores(feats)
        labels = self.targets(data_samples, scores.device)
        return dict(
            self.accuracies(scores.mean(0), labels),
            **self.loss_cls(scores, labels),
        )
