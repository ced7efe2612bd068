"""CTR-GCN backbone, with the state dict of MMAction2's ``projects/ctrgcn``.

Chen et al., "Channel-wise Topology Refinement Graph Convolution for
Skeleton-Based Action Recognition", ICCV 2021.
"""

from __future__ import annotations

from typing import Any, Sequence

import torch
from mmaction.models.utils import Graph, unit_tcn
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from shapmix_mm.skeletons import get_layout

from .channel_major import batch_norm, is_traced, pointwise_norm
from .ctrgc import SpatialModule
from .multi_scale_tcn import MultiScaleTCN
from .rectifier import rectify


class CTRGCNBlock(BaseModule):
    """Spatial module, temporal module and a residual around both.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        A (Tensor): Adjacency of the subsets (S, V, V).
        stride (int): Step in frames. Defaults to 1.
        residual (bool): Whether to add the residual. Defaults to True.
        tcn_dropout (float): Dropout after the temporal module.
            Defaults to 0.
        **kwargs: ``kernel_size`` and ``dilations`` of the temporal module.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        A: Tensor,
        *,
        stride: int = 1,
        residual: bool = True,
        tcn_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.gcn1 = SpatialModule(in_channels, out_channels, A)
        self.tcn1 = MultiScaleTCN(
            out_channels,
            out_channels,
            stride=stride,
            dropout=tcn_dropout,
            **kwargs,
        )
        self.stride = stride
        self.has_residual = residual
        if residual and (in_channels != out_channels or stride != 1):
            self.residual = unit_tcn(
                in_channels, out_channels, kernel_size=1, stride=stride
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T', V)."""
        y = self.tcn1(self.gcn1(x))
        if not self.has_residual:
            return y
        if hasattr(self, 'residual'):
            conv, norm = self.residual.conv, self.residual.bn
            x = pointwise_norm(x[:, :, :: self.stride], [conv], [norm])
        return rectify(y + x)


@MODELS.register_module()
class CTRGCN(BaseModule):
    """Channel-wise topology refinement graph convolutional network.

    Parameters and buffers carry the names of MMAction2's ``projects/ctrgcn``,
    so checkpoints of either load into the other.

    Args:
        graph_cfg (dict): ``layout``, a name or dict that
            :func:`shapmix_mm.skeletons.get_layout` knows or a dict of
            MMAction2's ``Graph``, and further arguments of ``Graph``, such as
            ``mode='spatial'``.
        in_channels (int): Channels of a joint. Defaults to 3.
        base_channels (int): Channels of the first stage. Defaults to 64.
        num_stages (int): Number of blocks. Defaults to 10.
        inflate_stages (Sequence[int]): Stages, counted from 1, that double
            the channels. Defaults to (5, 8).
        down_stages (Sequence[int]): Stages, counted from 1, that halve the
            frames. Defaults to (5, 8).
        num_person (int): Persons M of a sample. Defaults to 2.
        tcn_dropout (float): Dropout after each temporal module but the first.
            Defaults to 0.
        init_cfg (dict | list[dict], optional): Of :class:`BaseModule`.
            Defaults to None.
        **kwargs: ``kernel_size`` (5) and ``dilations`` (1, 2) of the temporal
            modules.

    Example:
        >>> model = CTRGCN(dict(layout='nw-ucla', mode='spatial'),
        ...                base_channels=16, num_stages=2, num_person=1)
        >>> model(torch.zeros(2, 1, 8, 20, 3)).shape
        torch.Size([2, 1, 16, 8, 20])
    """

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: int = 3,
        *,
        base_channels: int = 64,
        num_stages: int = 10,
        inflate_stages: Sequence[int] = (5, 8),
        down_stages: Sequence[int] = (5, 8),
        num_person: int = 2,
        tcn_dropout: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.layout_name, layout = _graph_layout(graph_cfg)
        self.graph = Graph(**{**graph_cfg, 'layout': layout})
        A = torch.tensor(self.graph.A, dtype=torch.float32)
        self.register_buffer('A', A)
        self.num_person = num_person
        self.in_channels = in_channels
        self.base_channels = base_channels
        self.data_bn = nn.BatchNorm1d(num_person * in_channels * A.size(1))

        widths = [in_channels, base_channels]
        for stage in range(2, num_stages + 1):
            widths.append(widths[-1] * (1 + (stage in inflate_stages)))
        blocks = [
            CTRGCNBlock(
                in_channels, base_channels, A, residual=False, **kwargs
            )
        ]
        kwargs['tcn_dropout'] = tcn_dropout
        for stage in range(2, num_stages + 1):
            stride = 1 + (stage in down_stages)
            width, wider = widths[stage - 1 : stage + 1]
            blocks.append(
                CTRGCNBlock(width, wider, A, stride=stride, **kwargs)
            )
        self.net = ModuleList(blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Extract features.

        Args:
            x (Tensor): Skeletons (N, M, T, V, C).

        Returns:
            Tensor: Features (N, M, C', T', V).

        Raises:
            ValueError: If ``x`` has other dimensions, joints, persons or
                channels than the model was built for.
        """
        # The checks would fix the persons of an exported model to a number.
        if not is_traced():
            self._check(x)
        N, M, T, V, C = x.shape
        x = x.permute(1, 3, 4, 0, 2)
        x = batch_norm(x.reshape(M * V * C, N, T), [self.data_bn])
        x = x.view(M, V, C, N, T).permute(2, 3, 0, 4, 1)
        x = x.reshape(C, N * M, T, V)
        for block in self.net:
            x = block(x)
        x = x.transpose(0, 1).contiguous()
        return x.view(N, M, *x.shape[1:])

    def _check(self, x: Tensor) -> None:
        """Name what a batch has too much or too little of."""
        if x.ndim != 5:
            raise ValueError(
                'CTRGCN expects skeletons (N, M, T, V, C), got '
                f'shape {tuple(x.shape)}'
            )
        _, M, _, V, C = x.shape
        if V != self.A.size(1):
            raise ValueError(
                f'the batch has {V} joints where layout '
                f'{self.layout_name!r} has {self.A.size(1)}'
            )
        if M != self.num_person:
            raise ValueError(
                f'the batch has {M} persons where CTRGCN was '
                f'built with num_person={self.num_person}'
            )
        if C != self.in_channels:
            raise ValueError(
                f'the batch has {C} channels per joint where '
                'CTRGCN was built with '
                f'in_channels={self.in_channels}'
            )


def _graph_layout(graph_cfg: dict) -> tuple[str, dict]:
    """Name and ``Graph`` dict of the layout; a graph needs no body parts."""
    layout = graph_cfg.get('layout', 'coco')
    if isinstance(layout, dict) and 'parts' not in layout:
        missing = {'num_node', 'inward', 'center'} - set(layout)
        if missing:
            raise KeyError(f'graph_cfg.layout lacks {sorted(missing)}')
        return layout.get('name', 'custom'), layout
    found = get_layout(layout)
    return found.name, found.graph_layout()
