"""MST-GCN: channels in groups, each of which sees the one before it.

Chen et al., "Multi-Scale Spatial Temporal Graph Convolutional Network for
Skeleton-Based Action Recognition", AAAI 2021.
"""

from __future__ import annotations

from typing import Any, Literal, Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList, Sequential
from torch import Tensor, nn

from shapmix_mm.arguments import PositiveInt

from .aggregation import aggregate_subsets
from .channel_major import batch_norm, pointwise, temporal_norm
from .joint_attention import ACTIVATIONS, Activation, JointAttention
from .stack import BlockStack, ConvNorm, spatial_graph, unit_init


class GraphConv(BaseModule):
    """1x1 convolution for each subset, then fixed plus learned graphs.

    The learned graph starts as the fixed one, so that their sum starts at
    twice that.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        A (Tensor): Graphs of the subsets (S, V, V).
    """

    A: Tensor

    def __init__(self, in_channels: int, out_channels: int, A: Tensor) -> None:
        super().__init__()
        self.gcn = nn.Conv2d(in_channels, len(A) * out_channels, 1)
        self.PA = nn.Parameter(A.clone())
        self.register_buffer('A', A.clone())

    def init_weights(self) -> None:
        """Draw the weights of each subset as for one convolution."""
        outputs, inputs = self.gcn.weight.shape[:2]
        std = (2 / (outputs / len(self.PA) * inputs)) ** 0.5
        nn.init.normal_(self.gcn.weight, std=std)
        bias: Any = self.gcn.bias
        nn.init.zeros_(bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        _, N, T, V = x.shape
        wide = pointwise(x, [self.gcn]).view(self.PA.size(0), -1, V)
        return aggregate_subsets(wide, self.A + self.PA).view(-1, N, T, V)


class SeparableGraphConv(BaseModule):
    """Graph convolution of each channel by itself, then a 1x1 convolution.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        A (Tensor): Graphs of the subsets (S, V, V).
        act (Callable): Activation between the two.
    """

    A: Tensor

    def __init__(
        self, in_channels: int, out_channels: int, A: Tensor, act: Activation
    ) -> None:
        super().__init__(init_cfg=unit_init())
        self.act = act
        self.depth_gcn = nn.Conv2d(
            in_channels, len(A) * in_channels, 1, groups=in_channels
        )
        self.depth_bn = nn.BatchNorm2d(in_channels)
        self.point_gcn_bn = ConvNorm(in_channels, out_channels)
        self.PA = nn.Parameter(A.clone())
        self.register_buffer('A', A.clone())

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        C, N, T, V = x.shape
        # One factor and one offset for each channel and subset: these make
        # one graph and one offset per joint for each channel.
        graphs = self.A + self.PA
        factor = self.depth_gcn.weight.view(C, -1)
        own = torch.matmul(factor, graphs.flatten(1)).view(C, V, V)
        bias: Any = self.depth_gcn.bias
        offset = torch.matmul(bias.view(C, -1), graphs.sum(1))
        y = torch.baddbmm(offset.unsqueeze(1), x.view(C, -1, V), own)
        y = self.act(batch_norm(y.view(C, N, T, V), [self.depth_bn]))
        return self.point_gcn_bn(y)


class TemporalConv(BaseModule):
    """Convolution over time and its batch norm, as one entry of a list.

    Args:
        channels (int): Channels of input and output.
        kernel_size (int): Frames that it sees.
        stride (int): Step in frames.
    """

    def __init__(self, channels: int, kernel_size: int, stride: int) -> None:
        super().__init__(init_cfg=unit_init())
        self.conv = _temporal_conv(channels, kernel_size, stride)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C, N, T', V)."""
        return temporal_norm(x, self.conv, self.bn)


class SeparableTemporalConv(BaseModule):
    """Convolution of each channel over time, then a 1x1 convolution.

    Args:
        channels (int): Channels of input and output.
        kernel_size (int): Frames that it sees.
        stride (int): Step in frames.
        act (Callable): Activation between the two.
    """

    def __init__(
        self, channels: int, kernel_size: int, stride: int, act: Activation
    ) -> None:
        super().__init__(init_cfg=unit_init())
        self.act = act
        self.depth_conv = Sequential(
            _temporal_conv(channels, kernel_size, stride, groups=channels),
            nn.BatchNorm2d(channels),
        )
        self.point_conv = ConvNorm(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C, N, T', V)."""
        conv, norm = self.depth_conv
        y = self.act(temporal_norm(x, conv, norm))
        return self.point_conv(y)


class GraphNorm(BaseModule):
    """Graph convolution and its batch norm, as one entry of a list.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        A (Tensor): Graphs of the subsets (S, V, V).
    """

    def __init__(self, in_channels: int, out_channels: int, A: Tensor) -> None:
        super().__init__(init_cfg=unit_init())
        self.conv = GraphConv(in_channels, out_channels, A)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        return batch_norm(self.conv(x), [self.bn])


class Chain(BaseModule):
    """Groups of channels, each with its own layer, and a residual.

    Args:
        layers (Sequence[nn.Module]): One layer for each group.
        act (Callable): Activation at the end.
        chained (bool): Whether each group is added what the one before it
            came to.
        residual (nn.Module): What the residual adds.
        norm (nn.Module, optional): Batch norm in front of the layers, not of
            the residual. Defaults to None.
    """

    def __init__(
        self,
        layers: Sequence[nn.Module],
        act: Activation,
        *,
        chained: bool,
        residual: nn.Module,
        norm: nn.Module | None = None,
    ) -> None:
        super().__init__(init_cfg=unit_init())
        self.act = act
        self.chained = chained
        if norm is not None:
            self.bn_in = norm
        self.layers = ModuleList(layers)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T', V)."""
        rest = self.residual(x)
        if hasattr(self, 'bn_in'):
            x = batch_norm(x, [self.bn_in])
        outs: list[Tensor] = []
        for part, layer in zip(x.chunk(len(self.layers)), self.layers):
            chained = self.chained and outs
            outs.append(layer(part + outs[-1] if chained else part))
        return self.act(torch.cat(outs).add_(rest))


class PlainUnit(BaseModule):
    """A layer and an activation, without a residual: the first block.

    Args:
        layer (nn.Module): The layer.
        act (Callable): The activation.
    """

    def __init__(self, layer: nn.Module, act: Activation) -> None:
        super().__init__()
        self.layer = layer
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        return self.act(self.layer(x))


def _temporal_conv(
    channels: int, kernel_size: int, stride: int, **kwargs: Any
) -> nn.Conv2d:
    return nn.Conv2d(
        channels,
        channels,
        (kernel_size, 1),
        (stride, 1),
        (kernel_size // 2, 0),
        **kwargs,
    )


@MODELS.register_module()
class MSTGCN(BlockStack):
    """Multi-scale spatial temporal graph convolutional network.

    Args:
        graph_cfg (dict): ``layout``.
        in_channels (int): Channels of a joint. Defaults to 3.
        groups (int): Groups that the channels are split into. Defaults to 4.
        kernel_size (int): Frames of the temporal convolutions. Defaults to 9.
        separable (bool): Whether the layers of the groups convolve channels
            by themselves first. Defaults to False.
        attention (bool): Whether frames, joints and channels are weighted
            after each block but the first. Defaults to False.
        act (str): ``'relu'`` or ``'swish'``. Defaults to ``'relu'``.
        base_channels (int): Channels of the first stage. Defaults to 112.
        num_stages (int): Number of blocks. Defaults to 10.
        inflate_stages (Sequence[int]): Stages, counted from 1, that double
            the channels. Defaults to (5, 8).
        down_stages (Sequence[int]): Stages, counted from 1, that halve the
            frames. Defaults to (5, 8).
        num_person (int): Persons M of a sample. Defaults to 2.
        init_cfg (dict | list[dict], optional): Of :class:`BaseModule`.
            Defaults to None.
    """

    A: Tensor

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: PositiveInt = 3,
        *,
        groups: PositiveInt = 4,
        kernel_size: PositiveInt = 9,
        separable: bool = False,
        attention: bool = False,
        act: Literal['relu', 'swish'] = 'relu',
        base_channels: PositiveInt = 112,
        num_stages: PositiveInt = 10,
        inflate_stages: Sequence[int] = (5, 8),
        down_stages: Sequence[int] = (5, 8),
        num_person: PositiveInt = 2,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            graph_cfg,
            in_channels,
            base_channels=base_channels,
            num_stages=num_stages,
            inflate_stages=inflate_stages,
            down_stages=down_stages,
            num_person=num_person,
            init_cfg=init_cfg,
        )
        self.groups = groups
        self.kernel_size = kernel_size
        self.separable = separable
        self.attention = attention
        self.act = ACTIVATIONS[act]
        self.register_buffer('A', spatial_graph(self.graph), persistent=False)
        self.build_net()

    def build_block(
        self, index: int, width: int, wider: int, stride: int
    ) -> nn.Module:
        """See :meth:`BlockStack.build_block`."""
        block = Sequential()
        if index == 0:
            graph = GraphNorm(width, wider, self.A)
            conv = TemporalConv(wider, self.kernel_size, stride)
            block.add_module('gcn1', PlainUnit(graph, self.act))
            block.add_module('tcn1', PlainUnit(conv, self.act))
            return block
        block.add_module('gcn1', self._graphs(width, wider))
        block.add_module('tcn1', self._convolutions(wider, stride))
        if self.attention:
            block.add_module(
                'att', JointAttention(wider, 2, self.act, channelwise=True)
            )
        return block

    def _graphs(self, width: int, wider: int) -> Chain:
        """The spatial unit of a block."""
        sizes = (width // self.groups, wider // self.groups)
        layers: list[nn.Module] = [
            SeparableGraphConv(*sizes, self.A, self.act)
            if self.separable
            else GraphNorm(*sizes, self.A)
            for _ in range(self.groups)
        ]
        same = width == wider
        return Chain(
            layers,
            self.act,
            chained=same,
            residual=nn.Identity() if same else ConvNorm(width, wider),
            norm=nn.BatchNorm2d(width),
        )

    def _convolutions(self, width: int, stride: int) -> Chain:
        """The temporal unit of a block."""
        size = width // self.groups
        layers: list[nn.Module] = [
            SeparableTemporalConv(size, self.kernel_size, stride, self.act)
            if self.separable
            else TemporalConv(size, self.kernel_size, stride)
            for _ in range(self.groups)
        ]
        return Chain(
            layers,
            self.act,
            chained=stride == 1,
            residual=nn.Identity()
            if stride == 1
            else ConvNorm(width, width, stride),
        )
