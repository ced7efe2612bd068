"""CTR-GCN written straight from the paper's formulas, as a reference.

Chen et al., "Channel-wise Topology Refinement Graph Convolution for
Skeleton-Based Action Recognition", ICCV 2021. Every line follows an equation
and nothing is fused, so this is the form that the package's fast backbone has
to agree with. Parameter names are those of MMAction2's ``projects/ctrgcn``;
``variant='authors'`` is the function of the authors' network.
"""

from __future__ import annotations

import torch
from mmaction.models.utils import Graph
from torch import Tensor, nn


class TextbookCTRGC(nn.Module):
    """Channel-wise topology refinement graph convolution (Eq. 3 to 6)."""

    def __init__(
        self, in_channels: int, out_channels: int, variant: str
    ) -> None:
        super().__init__()
        self.equation = 'ncuv,nctu->nctv'
        if variant == 'authors':
            self.equation = 'ncuv,nctv->nctu'
        relation = 8 if in_channels <= 16 else in_channels // 8
        self.conv1 = nn.Conv2d(in_channels, relation, 1)
        self.conv2 = nn.Conv2d(in_channels, relation, 1)
        self.conv3 = nn.Conv2d(in_channels, out_channels, 1)
        self.conv4 = nn.Conv2d(relation, out_channels, 1)

    def forward(self, x: Tensor, shared: Tensor, alpha: Tensor) -> Tensor:
        """Aggregate ``x`` (N, C, T, V) over its refined topology."""
        query = self.conv1(x).mean(dim=2)
        key = self.conv2(x).mean(dim=2)
        distance = torch.tanh(query[:, :, :, None] - key[:, :, None, :])
        topology = shared + alpha * self.conv4(distance)
        return torch.einsum(self.equation, topology, self.conv3(x))


class TextbookSpatial(nn.Module):
    """Sum of the three subsets, batch norm and a residual (Fig. 3a)."""

    def __init__(
        self, in_channels: int, out_channels: int, A: Tensor, variant: str
    ) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            [TextbookCTRGC(in_channels, out_channels, variant) for _ in A]
        )
        if in_channels != out_channels:
            self.down = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1),
                nn.BatchNorm2d(out_channels),
            )
        else:
            self.down = nn.Identity()
        self.A = nn.Parameter(A.clone())
        self.alpha = nn.Parameter(torch.zeros(1))
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, T, V) to (N, C', T, V)."""
        subsets = [
            conv(x, self.A[i], self.alpha) for i, conv in enumerate(self.convs)
        ]
        return torch.relu(self.bn(sum(subsets)) + self.down(x))


class TextbookConvNorm(nn.Module):
    """A convolution over time and its batch norm."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            (kernel, 1),
            stride=(stride, 1),
            padding=((kernel - 1) * dilation // 2, 0),
            dilation=(dilation, 1),
        )
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, T, V) to (N, C', T / stride, V)."""
        return self.bn(self.conv(x))


class TextbookTemporal(nn.Module):
    """Two dilated, one pooled and one plain branch, joined (Fig. 3b)."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int,
        variant: str,
        kernel: int = 5,
        dilations: tuple = (1, 2),
    ) -> None:
        super().__init__()
        self.act = nn.Identity() if variant == 'authors' else nn.ReLU()
        width = channels // (len(dilations) + 2)
        rest = channels - width * (len(dilations) + 1)

        def entry() -> list:
            return [
                nn.Conv2d(in_channels, width, 1),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]

        self.branches = nn.ModuleList(
            [
                nn.Sequential(
                    *entry(),
                    TextbookConvNorm(width, width, kernel, stride, dilation),
                )
                for dilation in dilations
            ]
        )
        self.branches.append(
            nn.Sequential(
                *entry(),
                nn.MaxPool2d((3, 1), (stride, 1), (1, 0)),
                nn.BatchNorm2d(width),
            )
        )
        self.branches.append(
            nn.Sequential(
                nn.Conv2d(in_channels, rest, 1, stride=(stride, 1)),
                nn.BatchNorm2d(rest),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, T, V) to (N, C, T / stride, V)."""
        outs = [branch(x) for branch in self.branches]
        return self.act(torch.cat(outs, dim=1))


class TextbookBlock(nn.Module):
    """Spatial module, temporal module and a residual around both."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        A: Tensor,
        variant: str,
        stride: int = 1,
        residual: bool = True,
    ) -> None:
        super().__init__()
        self.gcn1 = TextbookSpatial(in_channels, out_channels, A, variant)
        self.tcn1 = TextbookTemporal(
            out_channels, out_channels, stride, variant
        )
        self.has_residual = residual
        if not residual or (in_channels == out_channels and stride == 1):
            self.residual = nn.Identity()
        else:
            self.residual = TextbookConvNorm(
                in_channels, out_channels, 1, stride
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, T, V) to (N, C', T / stride, V)."""
        y = self.tcn1(self.gcn1(x))
        if not self.has_residual:
            return torch.relu(y)
        return torch.relu(y + self.residual(x))


class TextbookCTRGCN(nn.Module):
    """The whole backbone on (N, M, T, V, C) skeletons."""

    def __init__(
        self,
        layout: str | dict = 'nturgb+d',
        in_channels: int = 3,
        base_channels: int = 64,
        num_stages: int = 10,
        inflate_stages: tuple = (5, 8),
        down_stages: tuple = (5, 8),
        num_person: int = 2,
        variant: str = 'mmaction',
    ) -> None:
        super().__init__()
        graph = Graph(layout=layout, mode='spatial')
        self.register_buffer('A', torch.tensor(graph.A, dtype=torch.float32))
        joints = self.A.size(1)
        self.data_bn = nn.BatchNorm1d(num_person * in_channels * joints)
        blocks = [
            TextbookBlock(
                in_channels, base_channels, self.A, variant, residual=False
            )
        ]
        for stage in range(2, num_stages + 1):
            out_channels = base_channels * (1 + (stage in inflate_stages))
            blocks.append(
                TextbookBlock(
                    base_channels,
                    out_channels,
                    self.A,
                    variant,
                    stride=1 + (stage in down_stages),
                )
            )
            base_channels = out_channels
        self.net = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, M, T, V, C) to features (N, M, C', T', V)."""
        N, M, T, V, C = x.shape
        x = x.permute(0, 1, 3, 4, 2).reshape(N, M * V * C, T)
        x = self.data_bn(x).view(N, M, V, C, T)
        x = x.permute(0, 1, 3, 4, 2).reshape(N * M, C, T, V)
        for block in self.net:
            x = block(x)
        return x.view(N, M, *x.shape[1:])
