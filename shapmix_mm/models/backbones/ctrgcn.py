"""CTR-GCN: the network of its authors and the port of MMAction2.

Chen et al., "Channel-wise Topology Refinement Graph Convolution for
Skeleton-Based Action Recognition", ICCV 2021. MMAction2's
``projects/ctrgcn`` has one ReLU more (at the end of each temporal module) and
applies the relation of two joints the other way round. Parameters have the
port's names in both.
"""

from __future__ import annotations

from typing import Any, Literal, Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from shapmix_mm.arguments import Fraction, PositiveInt

from .aggregation import aggregate
from .channel_major import batch_norm, pointwise, rectify
from .multi_scale_tcn import MultiScaleTCN
from .stack import Block, BlockStack, ConvNorm, spatial_graph, unit_init


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
        super().__init__(init_cfg=unit_init())
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
        transposed (bool): Whether joint u receives from v what the relation
            of (u, v) says, as the authors have it; v from u otherwise.
            Defaults to False.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        A: Tensor,
        *,
        transposed: bool = False,
    ) -> None:
        super().__init__(init_cfg=unit_init(quiet=True))
        self.transposed = transposed
        self.convs = ModuleList([CTRGC(in_channels, out_channels) for _ in A])
        if in_channels != out_channels:
            self.down = ConvNorm(in_channels, out_channels)
        self.A = nn.Parameter(A.clone())
        self.alpha = nn.Parameter(torch.zeros(1))
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        y = batch_norm(self.aggregate(x), [self.bn])
        if hasattr(self, 'down'):
            x = self.down(x)
        return rectify(y.add_(x))

    def relation(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Query and key of each subset and joint, (S, R, N, V) both.

        The means over time go before the convolutions, which are linear.
        """
        # The gradient of mean() would be a tensor as large as x.
        mean = x.sum(2) / x.size(2)
        query, key = (
            pointwise(mean, [getattr(conv, name) for conv in self.convs])
            for name in ('conv1', 'conv2')
        )
        S = len(self.convs)
        return (
            query.view(S, -1, *query.shape[1:]),
            key.view(S, -1, *key.shape[1:]),
        )

    def aggregate(self, x: Tensor) -> Tensor:
        """Sum of the subsets' convolutions: (C, N, T, V) to (C', N, T, V)."""
        query, key = self.relation(x)
        shared: Tensor = self.A
        weight, bias = self.stack('conv4')
        weight, bias = self.alpha * weight, self.alpha * bias
        if self.transposed:
            # tanh is odd: the transposed relation is that of the roles
            # exchanged, with the sign of its weight changed.
            query, key, weight = key, query, -weight
            shared = shared.transpose(1, 2).contiguous()
        return aggregate(
            x,
            query,
            key,
            shared,
            feature=self.stack('conv3'),
            refine=(weight, bias),
        )

    def stack(self, name: str) -> tuple[Tensor, Tensor]:
        """Weights (S, C', C) and biases (S, C') of one layer per subset."""
        convs = [getattr(conv, name) for conv in self.convs]
        return (
            torch.stack([conv.weight.flatten(1) for conv in convs]),
            torch.stack([conv.bias for conv in convs]),
        )


@MODELS.register_module()
class CTRGCN(BlockStack):
    """Channel-wise topology refinement graph convolutional network.

    Parameters and buffers carry the names of MMAction2's ``projects/ctrgcn``,
    so checkpoints of either load into the other; ``tools/
    convert_checkpoint.py`` renames those of the authors.

    Args:
        graph_cfg (dict): ``layout``, a name or dict that
            :func:`shapmix_mm.skeletons.get_layout` knows or a dict of
            MMAction2's ``Graph``, and further arguments of ``Graph``, such as
            ``mode='spatial'``.
        in_channels (int): Channels of a joint. Defaults to 3.
        variant (str): Which function the weights mean: ``'mmaction'``, that
            of the port and of its checkpoints, or ``'authors'``.
            Defaults to ``'mmaction'``.
        base_channels (int): Channels of the first stage. Defaults to 64.
        num_stages (int): Number of blocks. Defaults to 10.
        inflate_stages (Sequence[int]): Stages, counted from 1, that double
            the channels. Defaults to (5, 8).
        down_stages (Sequence[int]): Stages, counted from 1, that halve the
            frames. Defaults to (5, 8).
        num_person (int): Persons M of a sample. Defaults to 2.
        kernel_size (int | Sequence[int]): Of the temporal modules.
            Defaults to 5.
        dilations (Sequence[int]): Of the temporal modules.
            Defaults to (1, 2).
        tcn_dropout (float): Dropout after each temporal module but the first.
            Defaults to 0.
        init_cfg (dict | list[dict], optional): Of :class:`BaseModule`.
            Defaults to None.

    Example:
        >>> model = CTRGCN(dict(layout='nw-ucla', mode='spatial'),
        ...                base_channels=16, num_stages=2, num_person=1)
        >>> model(torch.zeros(2, 1, 8, 20, 3)).shape
        torch.Size([2, 1, 16, 8, 20])
    """

    spatial: type[SpatialModule] = SpatialModule

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: PositiveInt = 3,
        *,
        variant: Literal['mmaction', 'authors'] = 'mmaction',
        base_channels: PositiveInt = 64,
        num_stages: PositiveInt = 10,
        inflate_stages: Sequence[int] = (5, 8),
        down_stages: Sequence[int] = (5, 8),
        num_person: PositiveInt = 2,
        kernel_size: PositiveInt | Sequence[int] = 5,
        dilations: Sequence[int] = (1, 2),
        tcn_dropout: Fraction = 0.0,
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
            bone_graph=variant == 'authors',
            init_cfg=init_cfg,
        )
        self.variant = variant
        self.register_buffer('A', spatial_graph(self.graph))
        self.tcn_cfg: dict[str, Any] = dict(
            kernel_size=kernel_size, dilations=dilations, dropout=tcn_dropout
        )
        self.build_net()

    def build_block(
        self, index: int, width: int, wider: int, stride: int
    ) -> nn.Module:
        """See :meth:`BlockStack.build_block`."""
        authors = self.variant == 'authors'
        tcn_cfg = dict(self.tcn_cfg)
        if index == 0:
            tcn_cfg['dropout'] = 0.0
        return Block(
            self.spatial(width, wider, self.A, transposed=authors),
            MultiScaleTCN(
                wider, wider, stride=stride, final_act=not authors, **tcn_cfg
            ),
            widths=(width, wider),
            stride=stride,
            residual=index > 0,
            final_act=authors,
        )
