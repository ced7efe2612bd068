"""Channel-wise topology refinement graph convolution, the spatial module.

Chen et al., "Channel-wise Topology Refinement Graph Convolution for
Skeleton-Based Action Recognition", ICCV 2021, section 3. Activations are
channel-major, (C, N, T, V).
"""

from __future__ import annotations

import torch
from mmengine.model import BaseModule, ModuleList, Sequential
from torch import Tensor, nn

from .aggregation import aggregate
from .channel_major import batch_norm, pointwise, pointwise_norm
from .rectifier import rectify

CONV_INIT = dict(type='Kaiming', layer='Conv2d', mode='fan_out')
NORM_INIT = dict(type='Constant', layer='BatchNorm2d', val=1)


class CTRGC(BaseModule):
    """Convolutions of one subset; :class:`SpatialModule` applies them.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        rel_reduction (int): The relation has ``in_channels // rel_reduction``
            channels, and 8 where the input has at most 16. Defaults to 8.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, rel_reduction: int = 8
    ) -> None:
        super().__init__(init_cfg=[dict(NORM_INIT), dict(CONV_INIT)])
        relation = 8 if in_channels <= 16 else in_channels // rel_reduction
        self.conv1 = nn.Conv2d(in_channels, relation, kernel_size=1)
        self.conv2 = nn.Conv2d(in_channels, relation, kernel_size=1)
        self.conv3 = nn.Conv2d(in_channels, out_channels, kernel_size=1)
        self.conv4 = nn.Conv2d(relation, out_channels, kernel_size=1)


class SpatialModule(BaseModule):
    """Sum of the subsets' graph convolutions, batch norm and a residual.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        A (Tensor): Adjacency of the S subsets (S, V, V), where learning of
            the shared topology starts.
    """

    def __init__(self, in_channels: int, out_channels: int, A: Tensor) -> None:
        # The graph convolution starts near zero: the residual leads.
        quiet = dict(type='Constant', name='bn', val=1e-6)
        super().__init__(
            init_cfg=[dict(NORM_INIT, override=quiet), dict(CONV_INIT)]
        )
        self.convs = ModuleList([CTRGC(in_channels, out_channels) for _ in A])
        if in_channels != out_channels:
            self.down = Sequential(
                nn.Conv2d(in_channels, out_channels, 1),
                nn.BatchNorm2d(out_channels),
            )
        self.A = nn.Parameter(A.clone())
        self.alpha = nn.Parameter(torch.zeros(1))
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        y = batch_norm(self.aggregate(x), [self.bn])
        if hasattr(self, 'down'):
            conv, norm = self.down
            x = pointwise_norm(x, [conv], [norm])
        return rectify(y.add_(x))

    def aggregate(self, x: Tensor) -> Tensor:
        """Sum of the subsets' convolutions: (C, N, T, V) to (C', N, T, V).

        The means over time go before the convolutions of query and key,
        which are linear.
        """
        # The gradient of mean() would be a tensor as large as x.
        mean = x.sum(2) / x.size(2)
        query, key = (
            pointwise(mean, [getattr(conv, name) for conv in self.convs])
            for name in ('conv1', 'conv2')
        )
        S = len(self.convs)
        weight, bias = self._stack('conv4')
        return aggregate(
            x,
            query.view(S, -1, *query.shape[1:]),
            key.view(S, -1, *key.shape[1:]),
            self.A,
            feature=self._stack('conv3'),
            refine=(self.alpha * weight, self.alpha * bias),
        )

    def _stack(self, name: str) -> tuple[Tensor, Tensor]:
        """Weights (S, C', C) and biases (S, C') of one layer per subset."""
        convs = [getattr(conv, name) for conv in self.convs]
        return (
            torch.stack([conv.weight.flatten(1) for conv in convs]),
            torch.stack([conv.bias for conv in convs]),
        )
