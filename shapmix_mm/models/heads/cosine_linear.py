"""Cosine classifier."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ['CosineLinear']


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
        if not scale > 0:
            raise ValueError(
                f'scale of CosineLinear must be positive, got {scale}'
            )
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
