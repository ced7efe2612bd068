"""HD-GCN: a hierarchy of joint groups, and attention between its layers.

Lee et al., "Hierarchically Decomposed Graph Convolutional Networks for
Skeleton-Based Action Recognition", ICCV 2023.
"""

from __future__ import annotations

from typing import Any, Literal, Sequence

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList, Sequential
from torch import Tensor, nn

from shapmix_mm.arguments import PositiveInt

from .channel_major import batch_norm, pointwise_norm, rectify
from .multi_scale_tcn import MultiScaleTCN
from .stack import Block, BlockStack, ConvNorm, unit_init

Groups = Sequence[Sequence[int]]

#: Joint groups of the authors for Kinect v2, by the joint of their centre,
#: which the paper counts from 1: com1 is the spine's base, com2 its middle,
#: com21 its shoulder end.
NTU_GROUPS: dict[str, Groups] = dict(
    com1=(
        (0,),
        (1, 12, 16),
        (13, 17, 20),
        (2, 4, 8, 14, 18),
        (3, 5, 9, 15, 19),
        (6, 10),
        (7, 11, 21, 22, 23, 24),
    ),
    com2=(
        (1,),
        (0, 20),
        (12, 16, 2, 4, 8),
        (13, 17, 3, 5, 9),
        (14, 18, 6, 10),
        (15, 19, 7, 11),
        (21, 22, 23, 24),
    ),
    com21=(
        (20,),
        (1, 2, 4, 8),
        (3, 5, 9, 0),
        (6, 10, 12, 16),
        (7, 11, 13, 17),
        (21, 22, 23, 24, 14, 18),
        (15, 19),
    ),
)


def distance_groups(
    edges: Sequence[Sequence[int]], joints: int, center: int
) -> Groups:
    """Joints by their distance to a centre along the bones.

    Args:
        edges (Sequence[Sequence[int]]): Pairs of joints, in any order.
        joints (int): Number of joints V.
        center (int): The joint that is a group of its own.

    Returns:
        Sequence[Sequence[int]]: One group for each distance.
    """
    groups, seen = [[center]], {center}
    while len(seen) < joints:
        last = set(groups[-1])
        near = {b if a in last else a for a, b in edges if {a, b} & last}
        groups.append(sorted(near - seen))
        seen |= near
    return groups


def hierarchy(groups: Groups, joints: int) -> Tensor:
    """Graphs between consecutive groups.

    Args:
        groups (Sequence[Sequence[int]]): A partition of the joints.
        joints (int): Number of joints V.

    Returns:
        Tensor: Shape (L, 3, V, V) for L + 1 groups: the joints of two groups
        themselves, all edges from the first to the second, and back, the
        latter two divided by their column sums.
    """
    A = torch.zeros(len(groups) - 1, 3, joints, joints)
    for (identity, down, up), (near, far) in zip(A, zip(groups, groups[1:])):
        for joint in (*near, *far):
            identity[joint, joint] = 1
        for a in near:
            for b in far:
                down[b, a] = 1 / len(far)
                up[a, b] = 1 / len(near)
    return A


def edge_convolution(x: Tensor, convs: Sequence[Any], k: int) -> Tensor:
    """Convolve over the k nearest nodes in feature space (EdgeConv).

    Args:
        x (Tensor): Features of L graphs (L, C, N, V).
        convs (Sequence[nn.Sequential]): For each graph a 1x1 convolution of
            the 2 * C channels neighbour - self and self, and a batch norm.
        k (int): Number of neighbours, the node itself included; at most V.

    Returns:
        Tensor: Largest over the neighbours, (L, C', N, V).
    """
    L, C, N, V = x.shape
    rows = x.permute(0, 2, 3, 1)
    square = rows.square().sum(-1)
    inner = 2 * torch.matmul(rows, rows.transpose(-1, -2))
    near = inner - square.unsqueeze(-1) - square.unsqueeze(-2)
    nodes = near.topk(k, dim=-1).indices
    offset = torch.arange(0, L * N * V, V, device=x.device)
    nodes = (nodes.view(L * N, -1) + offset.unsqueeze(1)).flatten()
    # W [b - a, a] is W1 b + (W2 - W1) a: per node, before it is repeated.
    weight = torch.stack([conv[0].weight.flatten(1) for conv in convs])
    first, second = weight.transpose(1, 2).chunk(2, 1)
    rows = rows.reshape(L, N * V, C)
    others = torch.bmm(rows, first).flatten(0, 1).index_select(0, nodes)
    own = torch.bmm(rows, second - first).view(L, N, V, 1, -1)
    y = others.view(L, N, V, k, -1) + own
    y = y.permute(0, 4, 1, 2, 3).reshape(-1, N, V, k)
    y = F.leaky_relu(batch_norm(y, [conv[1] for conv in convs]), 0.2)
    return y.amax(-1).view(L, -1, N, V)


class EdgeConv(BaseModule):
    """Layers of :func:`edge_convolution` for one graph.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = Sequential(
            nn.Conv2d(2 * in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )


class LayerAttention(BaseModule):
    """Attention-guided hierarchy aggregation: a weight for each layer.

    Args:
        channels (int): Channels C of the layers.
        groups (Sequence[Sequence[int]]): The joint groups.
        joints (int): Number of joints V.
    """

    members: Tensor

    def __init__(self, channels: int, groups: Groups, joints: int) -> None:
        super().__init__()
        inner = channels // 4
        self.conv_down = ConvNorm(channels, inner)
        self.edge_conv = EdgeConv(inner, inner)
        self.aggregate = nn.Conv1d(inner, channels, 1)
        members = torch.zeros(len(groups) - 1, joints)
        for row, (near, far) in zip(members, zip(groups, groups[1:])):
            row[[*near, *far]] = 1
        self.register_buffer('members', members, persistent=False)
        self.near = min(3, len(members))

    def forward(self, peaks: Tensor) -> Tensor:
        """Weigh the layers.

        Args:
            peaks (Tensor): Largest over time (L, C, N, V).

        Returns:
            Tensor: Shape (L, C, N), in (0, 1).
        """
        x = rectify(self.conv_down(peaks.transpose(0, 1)))
        # The layers are the nodes now.
        shares = self.members / self.members.sum(1, keepdim=True)
        x = (x * shares.unsqueeze(1)).sum(-1).transpose(1, 2)
        x = edge_convolution(x.unsqueeze(0), [self.edge_conv.conv], self.near)
        x = x[0]
        weight = self.aggregate.weight.flatten(1)
        bias: Any = self.aggregate.bias
        y = torch.addmm(bias[:, None], weight, x.flatten(1))
        return torch.sigmoid(y.view(-1, *x.shape[1:])).permute(2, 0, 1)


class HierarchySpatial(BaseModule):
    """Spatial unit: for each layer of the hierarchy three graphs and edges.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        groups (Sequence[Sequence[int]]): The joint groups.
        joints (int): Number of joints V.
        attention (bool): Whether the layers are weighted, not just summed.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        groups: Groups,
        joints: int,
        *,
        attention: bool,
    ) -> None:
        super().__init__(init_cfg=unit_init(quiet=True))
        inner = out_channels // 4
        self.near = min(5, joints)
        self.widths = [3 * inner, inner]
        self.PA = nn.Parameter(hierarchy(groups, joints))
        self.conv_down = ModuleList(
            ConvNorm(in_channels, inner) for _ in self.PA
        )
        self.conv = ModuleList(
            ModuleList(
                [*(ConvNorm(inner, inner) for _ in A), EdgeConv(inner, inner)]
            )
            for A in self.PA
        )
        if attention:
            self.aha = LayerAttention(out_channels, groups, joints)
        if in_channels != out_channels:
            self.down = ConvNorm(in_channels, out_channels)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        layers, edges = self.layers(x)
        if hasattr(self, 'aha'):
            peaks = torch.cat([layers.amax(3), edges], 1)
            weights = self.aha(peaks).split(self.widths, 1)
            edges = (edges * weights[1].unsqueeze(-1)).sum(0)
            factors = weights[0][..., None, None]
            graphs = layers[0] * factors[0]
            for layer, factor in zip(
                layers[1:].unbind(), factors[1:].unbind()
            ):
                graphs = torch.addcmul(graphs, layer, factor)
        else:
            graphs, edges = layers.sum(0), edges.sum(0)
        edges = edges.unsqueeze(2).expand(-1, -1, graphs.size(2), -1)
        y = batch_norm(torch.cat([graphs, edges]), [self.bn])
        if hasattr(self, 'down'):
            x = self.down(x)
        return rectify(y + x)

    def layers(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What each of the L layers makes of the activations (C, N, T, V).

        Returns:
            tuple[Tensor, Tensor]: Of the three graphs (L, 3w, N, T, V), and
            of the edge convolution (L, w, N, V), for all frames.
        """
        L = len(self.conv)
        _, N, T, V = x.shape
        convs, norms = zip(*self.conv_down)
        x = rectify(pointwise_norm(x, convs, norms))
        # Convolution and graph are both linear: the wide tensor goes through
        # the graphs last, as 3 L matrices, and nothing is rearranged.
        layers = [pair for layer in self.conv for pair in layer[:3]]
        weight = torch.cat([conv.weight.flatten(1) for conv, _ in layers])
        y = torch.bmm(
            weight.view(L, -1, weight.size(1)), x.view(L, -1, N * T * V)
        )
        graphs = self.PA.flatten(0, 1).transpose(1, 2)
        y = torch.bmm(y.view(3 * L, -1, V), graphs).view(-1, N, T, V)
        bias = torch.cat([conv.bias for conv, _ in layers])
        y = y.add_(bias.view(-1, 1, 1, 1))
        y = batch_norm(y, [norm for _, norm in layers])
        x = x.view(L, -1, N, T, V)
        edges = edge_convolution(
            x.mean(3), [layer[3].conv for layer in self.conv], self.near
        )
        return y.view(L, -1, N, T, V), edges


@MODELS.register_module()
class HDGCN(BlockStack):
    """Hierarchically decomposed graph convolutional network.

    Args:
        graph_cfg (dict): ``layout``.
        in_channels (int): Channels of a joint. Defaults to 3.
        groups (str | Sequence[Sequence[int]], optional): The hierarchy: a
            partition of the joints, from the centre outwards, or one of the
            authors' for ``'nturgb+d'`` by name. Defaults to None: ``'com1'``
            for that layout, and for others one group for each distance to
            the layout's centre, which the authors have for none.
        base_channels (int): Channels of the first stage. Defaults to 64.
        num_stages (int): Number of blocks. Defaults to 10.
        inflate_stages (Sequence[int]): Stages, counted from 1, that double
            the channels. Defaults to (5, 8).
        down_stages (Sequence[int]): Stages, counted from 1, that halve the
            frames. Defaults to (5, 8).
        num_person (int): Persons M of a sample. Defaults to 2.
        init_cfg (dict | list[dict], optional): Of :class:`BaseModule`.
            Defaults to None.

    Raises:
        ValueError: If the groups are no partition of the layout's joints.
    """

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: PositiveInt = 3,
        *,
        groups: Literal['com1', 'com2', 'com21']
        | Sequence[Sequence[int]]
        | None = None,
        base_channels: PositiveInt = 64,
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
        self.groups = self._find_groups(groups)
        self.build_net()

    def _find_groups(self, groups: str | Groups | None) -> Groups:
        """The named, given or derived hierarchy, checked."""
        joints = self.num_joints
        if groups is None:
            if self.layout_name == 'nturgb+d':
                return NTU_GROUPS['com1']
            return distance_groups(
                self.graph.inward, joints, int(self.graph.center)
            )
        found = NTU_GROUPS[groups] if isinstance(groups, str) else groups
        if sorted(j for group in found for j in group) != list(range(joints)):
            raise ValueError(
                f'groups={groups!r} of HDGCN is no partition of the {joints} '
                f'joints of layout {self.layout_name!r}: list each joint '
                'once, from the centre outwards'
            )
        return found

    def build_block(
        self, index: int, width: int, wider: int, stride: int
    ) -> nn.Module:
        """See :meth:`BlockStack.build_block`."""
        return Block(
            HierarchySpatial(
                width, wider, self.groups, self.num_joints, attention=index > 0
            ),
            MultiScaleTCN(wider, wider, stride=stride, final_act=False),
            widths=(width, wider),
            stride=stride,
            residual=index > 0,
        )
