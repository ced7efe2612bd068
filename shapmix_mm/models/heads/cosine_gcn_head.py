"""Cosine classifier, and the GCN head that has one."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from torch import Tensor, nn

from shapmix_mm.arguments import Positive, PositiveInt

from .feature_gcn_head import FeatureGCNHead

__all__ = ['CosineGCNHead', 'CosineLinear']


class CosineLinear(nn.Module):
    r"""Scaled cosines between a feature and a direction for each class.

    .. math:: z_k = s \, \frac{h}{\lVert h \rVert_2} \cdot
        \frac{W_k}{\lVert W_k \rVert_2}

    There is no bias. Computed in float32 at least, also under automatic mixed
    precision: the scale would magnify what half precision loses.

    Args:
        in_features (int): D.
        out_features (int): K.
        scale (float): s. Defaults to 30.0.
    """

    def __init__(
        self, in_features: int, out_features: int, *, scale: float = 30.0
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.scale = scale
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw directions uniformly from a cube, at unit length."""
        with torch.no_grad():
            self.weight.uniform_(-1, 1)
            self.weight.copy_(F.normalize(self.weight))

    def forward(self, x: Tensor) -> Tensor:
        """Scaled cosines.

        Args:
            x (Tensor): Features, shape (N, D).

        Returns:
            Tensor: Shape (N, K), in [-s, s].
        """
        with torch.autocast(x.device.type, enabled=False):
            dtype = torch.promote_types(x.dtype, torch.float32)
            feature = F.normalize(x.to(dtype))
            direction = F.normalize(self.weight.to(dtype))
            return self.scale * F.linear(feature, direction)

    def extra_repr(self) -> str:
        """Sizes and scale, for printing."""
        return (
            f'in_features={self.in_features}, '
            f'out_features={self.out_features}, scale={self.scale}'
        )


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
        num_classes: PositiveInt,
        in_channels: PositiveInt,
        *,
        scale: Positive = 30.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.fc = CosineLinear(in_channels, num_classes, scale=scale)
        for module in self.loss_cls.modules():
            adopt = getattr(module, 'adopt_scale', None)
            if adopt is not None:
                adopt(scale)
