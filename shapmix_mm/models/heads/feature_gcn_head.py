"""GCN head whose loss may look at the classifier's input."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmaction.models.heads import GCNHead
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from torch import Tensor

__all__ = ['FeatureGCNHead']


@MODELS.register_module()
class FeatureGCNHead(GCNHead):
    """MMAction2's ``GCNHead`` that shows its loss the pooled features.

    Arguments, parameters and scores are those of ``GCNHead``. While training,
    each loss with a true ``needs_features`` receives the tensor that the
    classifier sees, after dropout, through ``set_features``.
    """

    def features(self, x: Tensor) -> Tensor:
        """Pool over joints, frames and persons, then drop out.

        Args:
            x (Tensor): Feature maps, shape (N, M, D, T, V).

        Returns:
            Tensor: Input of the classifier, shape (N, D).
        """
        pooled = self.pool(x.flatten(0, 1)).view(x.shape[:3]).mean(1)
        return pooled if self.dropout is None else self.dropout(pooled)

    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        """Scores of the classes.

        Args:
            x (Tensor): Feature maps, shape (N, M, D, T, V).
            kwargs (dict): Not used.

        Returns:
            Tensor: Shape (N, K).
        """
        features = self.features(x)
        if self.training:
            for module in self.loss_cls.modules():
                if getattr(module, 'needs_features', False):
                    module.set_features(features)
        return self.fc(features)

    def targets(self, samples: SampleList, device: torch.device) -> Tensor:
        """Labels of a batch, smoothed if the head is to do so.

        Args:
            samples (list[ActionDataSample]): N samples.
            device (torch.device): Where to put them.

        Returns:
            Tensor: Class indices, shape (N,), or distributions over the
            classes, shape (N, K).
        """
        labels = torch.stack([sample.gt_label for sample in samples])
        labels = labels.to(device)
        if labels.size(1) == 1:
            labels = labels.squeeze(1)
        if not self.label_smooth_eps:
            return labels
        if labels.ndim == 1:
            labels = F.one_hot(labels, self.num_classes)
        return labels.float().lerp(
            torch.full_like(labels, 1 / self.num_classes, dtype=torch.float32),
            self.label_smooth_eps,
        )

    def accuracies(self, scores: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Training accuracy, as ``BaseHead`` logs it for hard labels.

        Args:
            scores (Tensor): Shape (N, K).
            labels (Tensor): As :meth:`targets` gives them.

        Returns:
            dict[str, Tensor]: One figure for each of ``topk``.
        """
        if labels.ndim > 1:
            return {}
        # Without a look at the numbers, for which a GPU would be waited for.
        ranked = scores.detach().topk(min(max(self.topk), scores.size(1)))[1]
        hits = (ranked == labels[:, None]).float()
        return {f'top{k}_acc': hits[:, :k].sum(1).mean() for k in self.topk}
