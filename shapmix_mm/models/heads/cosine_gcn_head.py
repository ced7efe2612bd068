"""GCN head with a cosine classifier."""

from __future__ import annotations

from typing import Any

from mmaction.registry import MODELS

from .cosine_linear import CosineLinear
from .feature_gcn_head import FeatureGCNHead

__all__ = ['CosineGCNHead']


@MODELS.register_module()
class CosineGCNHead(FeatureGCNHead):
    """``GCNHead`` with a cosine classifier, as LDAM wants it.

    The scores are scaled cosines, in training and at inference alike: the
    softmax of unscaled ones would be nearly uniform. A loss that needs the
    scale (``LDAMLoss``) takes it over from here. Source: Cao et al., Learning
    Imbalanced Datasets with Label-Distribution-Aware Margin Loss, NeurIPS
    2019.

    Args:
        num_classes (int): Number of classes K.
        in_channels (int): Channels D of the features.
        scale (float): Factor on the cosines. Defaults to 30.0.
        kwargs (dict): Further arguments of ``GCNHead``.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        scale: float = 30.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.fc = CosineLinear(in_channels, num_classes, scale=scale)
        for module in self.loss_cls.modules():
            adopt = getattr(module, 'adopt_scale', None)
            if adopt is not None:
                adopt(scale)
