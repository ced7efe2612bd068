"""What the ten-block skeleton networks have in common.

Most graph networks since ST-GCN normalise each coordinate of each joint of
each person, treat persons as samples, and pass these through about ten
blocks: a spatial unit, a temporal unit and a residual around both, wider and
with fewer frames at two points. A network is a subclass that says what its
units are.
"""

from __future__ import annotations

from typing import ClassVar, Iterable, Sequence

import torch
from mmaction.models.utils import Graph, unit_tcn
from mmengine.model import BaseModule, ModuleList, Sequential
from torch import Tensor, nn

from shapmix_mm.arguments import PositiveInt
from shapmix_mm.skeletons import get_layout

from .channel_major import batch_norm, is_traced, pointwise_norm, rectify


def unit_init(*, quiet: bool = False) -> list[dict]:
    """How convolutions and batch norms of a unit start.

    Args:
        quiet (bool): Whether the norm ``bn`` starts near zero, so that the
            residual of a spatial unit leads. Defaults to False.
    """
    norm: dict = dict(type='Constant', layer='BatchNorm2d', val=1)
    if quiet:
        norm['override'] = dict(type='Constant', name='bn', val=1e-6)
    return [norm, dict(type='Kaiming', layer='Conv2d', mode='fan_out')]


class ConvNorm(Sequential):
    """A 1x1 convolution and its batch norm, on channel-major activations.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        stride (int): Step in frames. Defaults to 1.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1
    ) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, 1, (stride, 1)),
            nn.BatchNorm2d(out_channels),
        )
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T', V)."""
        conv, norm = self
        return pointwise_norm(x[:, :, :: self.stride], [conv], [norm])


class Shortcut(unit_tcn):
    """A 1x1 convolution with a step in frames, and its batch norm.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        stride (int): Step in frames.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__(
            in_channels, out_channels, kernel_size=1, stride=stride
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T', V)."""
        return pointwise_norm(x[:, :, :: self.stride], [self.conv], [self.bn])


def shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """What a residual adds: the input, or a :class:`Shortcut` of it."""
    if in_channels == out_channels and stride == 1:
        return nn.Identity()
    return Shortcut(in_channels, out_channels, stride)


class Block(BaseModule):
    """A spatial unit, a temporal unit and a residual around both.

    Args:
        gcn (nn.Module): Spatial unit on (C, N, T, V).
        tcn (nn.Module): Temporal unit.
        widths (tuple[int, int]): Channels of input and output.
        stride (int): Step of the temporal unit in frames.
        residual (bool): Whether the input is added to the output.
        final_act (bool): Whether a block without a residual ends in a ReLU
            too; one with a residual always does. Defaults to True.
    """

    def __init__(
        self,
        gcn: nn.Module,
        tcn: nn.Module,
        *,
        widths: tuple[int, int],
        stride: int,
        residual: bool,
        final_act: bool = True,
    ) -> None:
        super().__init__()
        self.gcn1 = gcn
        self.tcn1 = tcn
        self.has_residual = residual
        self.final_act = final_act
        if residual:
            self.residual = shortcut(*widths, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T', V)."""
        y = self.tcn1(self.gcn1(x))
        if not self.has_residual:
            return rectify(y) if self.final_act else y
        return rectify(y + self.residual(x))


class SkeletonBackbone(BaseModule):
    """Checks, data norm and persons of a network on (N, M, T, V, C).

    Args:
        graph_cfg (dict): ``layout``, a name or dict that
            :func:`shapmix_mm.skeletons.get_layout` knows or a dict of
            MMAction2's ``Graph``, and further arguments of ``Graph``, such as
            ``mode='spatial'``.
        in_channels (int): Channels of a joint. Defaults to 3.
        num_person (int): Persons M of a sample. Defaults to 2.
        bone_graph (bool): Whether the edges of a layout in 3D are its bones
            as features have them, as the networks' authors draw them, rather
            than those of MMAction2's ``Graph``. Of the built-in layouts only
            the hands of ``'nturgb+d'`` differ. Defaults to False.
        init_cfg (dict | list[dict], optional): Of :class:`BaseModule`.
            Defaults to None.
    """

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: PositiveInt = 3,
        *,
        num_person: PositiveInt = 2,
        bone_graph: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.layout_name, graph_layout = _graph_layout(graph_cfg, bone_graph)
        self.graph = Graph(**{**graph_cfg, 'layout': graph_layout})
        self.num_joints = int(self.graph.num_node)
        self.in_channels = in_channels
        self.num_person = num_person

    #: Dimension of the samples N * M in what blocks map, channels being 0.
    sample_dim: ClassVar[int] = 1

    def samples_first(self, x: Tensor) -> Tensor:
        """Take what a block has mapped as (N * M, C, T, V)."""
        return x.transpose(0, 1)

    def flatten(self, x: Tensor, norm: nn.Module | None) -> Tensor:
        """Check a batch, normalise it and take the persons as samples.

        Args:
            x (Tensor): Skeletons (N, M, T, V, C).
            norm (nn.Module, optional): Batch norm of the M * V * C
                coordinates, person outermost; None leaves them.

        Returns:
            Tensor: Shape (C, N * M, T, V).

        Raises:
            ValueError: If ``x`` has other dimensions, joints, persons or
                channels than the model was built for.
        """
        self.check(x)
        return persons_as_samples(x, norm)

    def unflatten(self, x: Tensor) -> Tensor:
        """Take the persons from the samples again.

        Args:
            x (Tensor): Activations (C, N * M, T, V).

        Returns:
            Tensor: Shape (N, M, C, T, V), contiguous as heads expect it.
        """
        x = x.transpose(0, 1).contiguous()
        return x.view(-1, self.num_person, *x.shape[1:])

    def middle(self) -> int:
        """The joint in the body's middle, from which trees of joints grow.

        It is the middle of the spine for Kinect, whose graphs are centred
        between the shoulders, and the graph's centre elsewhere.
        """
        spines = {'nturgb+d': 1, 'nw-ucla': 1}
        return spines.get(self.layout_name, int(self.graph.center))

    def check(self, x: Tensor) -> None:
        """Name what a batch has too much or too little of.

        Args:
            x (Tensor): Supposed to be skeletons (N, M, T, V, C).

        Raises:
            ValueError: If ``x`` has other dimensions, joints, persons or
                channels than the model was built for.
        """
        # This would fix the persons of an exported model to a number.
        if is_traced():
            return
        name = type(self).__name__
        if x.ndim != 5:
            raise ValueError(
                f'{name} expects skeletons (N, M, T, V, C), got '
                f'shape {tuple(x.shape)}'
            )
        _, M, _, V, C = x.shape
        if V != self.num_joints:
            raise ValueError(
                f'the batch has {V} joints where layout '
                f'{self.layout_name!r} has {self.num_joints}'
            )
        if M != self.num_person:
            raise ValueError(
                f'the batch has {M} persons where {name} was '
                f'built with num_person={self.num_person}'
            )
        if C != self.in_channels:
            raise ValueError(
                f'the batch has {C} channels per joint where '
                f'{name} was built with '
                f'in_channels={self.in_channels}'
            )


def persons_as_samples(x: Tensor, norm: nn.Module | None) -> Tensor:
    """Normalise skeletons and lay them out channel by channel.

    Args:
        x (Tensor): Skeletons (N, M, T, V, C).
        norm (nn.Module, optional): Batch norm of the M * V * C coordinates,
            person outermost; None leaves them.

    Returns:
        Tensor: Shape (C, N * M, T, V).
    """
    N, M, T, V, C = x.shape
    x = x.permute(1, 3, 4, 0, 2)
    if norm is not None:
        x = batch_norm(x.reshape(M * V * C, N, T), [norm])
        x = x.view(M, V, C, N, T)
    return x.permute(2, 3, 0, 4, 1).reshape(C, N * M, T, V)


class BlockStack(SkeletonBackbone):
    """A network of blocks; a subclass builds them.

    Args:
        graph_cfg (dict): See :class:`SkeletonBackbone`.
        in_channels (int): Channels of a joint. Defaults to 3.
        base_channels (int): Channels of the first stage. Defaults to 64.
        num_stages (int): Number of blocks. Defaults to 10.
        inflate_stages (Sequence[int]): Stages, counted from 1, that double
            the channels. Defaults to (5, 8).
        down_stages (Sequence[int]): Stages, counted from 1, that halve the
            frames. Defaults to (5, 8).
        num_person (int): Persons M of a sample. Defaults to 2.
        bone_graph (bool): See :class:`SkeletonBackbone`. Defaults to True.
        init_cfg (dict | list[dict], optional): Of :class:`BaseModule`.
            Defaults to None.
    """

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: PositiveInt = 3,
        *,
        base_channels: PositiveInt = 64,
        num_stages: PositiveInt = 10,
        inflate_stages: Sequence[int] = (5, 8),
        down_stages: Sequence[int] = (5, 8),
        num_person: PositiveInt = 2,
        bone_graph: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            graph_cfg,
            in_channels,
            num_person=num_person,
            bone_graph=bone_graph,
            init_cfg=init_cfg,
        )
        self.base_channels = base_channels
        widths = [in_channels, base_channels]
        for stage in range(2, num_stages + 1):
            widths.append(widths[-1] * (1 + (stage in inflate_stages)))
        strides = [1] + [
            1 + (stage in down_stages) for stage in range(2, num_stages + 1)
        ]
        #: Channels of input and output, and step, of each block.
        self.table = list(zip(widths, widths[1:], strides))

    def build_net(self, *, norm_channels: int | None = None) -> None:
        """Build ``data_bn`` and ``net``.

        Args:
            norm_channels (int, optional): Channels that each joint has at
                the data norm. Defaults to None, those of the input.
        """
        joints = self.num_person * self.num_joints
        channels = norm_channels or self.in_channels
        self.data_bn = nn.BatchNorm1d(joints * channels)
        self.net = ModuleList(
            self.build_block(index, *row)
            for index, row in enumerate(self.table)
        )

    def build_block(
        self, index: int, width: int, wider: int, stride: int
    ) -> nn.Module:
        """Build one block.

        Args:
            index (int): Which, from 0.
            width (int): Channels of its input.
            wider (int): Channels of its output.
            stride (int): Step in frames.
        """
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Extract features.

        Args:
            x (Tensor): Skeletons (N, M, T, V, C).

        Returns:
            Tensor: Features (N, M, C', T', V).
        """
        x = self.flatten(x, self.data_bn)
        for block in self.net:
            x = block(x)
        return self.unflatten(x)


def tree_parents(edges: Iterable[Sequence[int]], root: int) -> list[int]:
    """Parent of each joint when the bones hang from a root.

    Args:
        edges (Iterable[Sequence[int]]): Pairs of joints, in any order.
        root (int): The joint that is its own parent.

    Returns:
        list[int]: One joint for each joint; on a cycle, the nearer to the
        root.
    """
    parents, pending = {root: root}, list(edges)
    while True:
        reached = set(parents)
        found = [
            (a, b) if b in reached else (b, a)
            for a, b in pending
            if (a in reached) != (b in reached)
        ]
        if not found:
            return [parents[joint] for joint in sorted(parents)]
        for child, parent in found:
            parents.setdefault(child, parent)


def spatial_graph(graph: Graph) -> Tensor:
    """Adjacency of the subsets (S, V, V) as float32."""
    return torch.tensor(graph.A, dtype=torch.float32)


def _graph_layout(graph_cfg: dict, bone_graph: bool) -> tuple[str, dict]:
    """Name and ``Graph`` dict of the layout; a graph needs no body parts."""
    layout = graph_cfg.get('layout', 'coco')
    if isinstance(layout, dict) and 'parts' not in layout:
        missing = {'num_node', 'inward', 'center'} - set(layout)
        if missing:
            raise KeyError(f'graph_cfg.layout lacks {sorted(missing)}')
        return layout.get('name', 'custom'), layout
    found = get_layout(layout)
    graph = found.graph_layout()
    if bone_graph and not found.planar:
        bones = enumerate(found.parents)
        graph['inward'] = [(j, parent) for j, parent in bones if j != parent]
    return found.name, graph
