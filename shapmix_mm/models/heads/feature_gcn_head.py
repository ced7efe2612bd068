"""GCN head whose loss may look at the classifier's input."""

from __future__ import annotations

from typing import Any

from mmaction.models.heads import GCNHead
from mmaction.registry import MODELS
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
