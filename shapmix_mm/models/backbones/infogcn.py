"""InfoGCN: self-attention between the joints of each frame.

Chi et al., "InfoGCN: Representation Learning for Human Skeleton-Based Action
Recognition", CVPR 2022. The information bottleneck is in ``InformationHead``.
"""

from __future__ import annotations

import math
from typing import Literal, Sequence

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from shapmix_mm.arguments import NonNegativeInt, PositiveInt

from .channel_major import batch_norm, rectify
from .multi_scale_tcn import MultiScaleTCN
from .stack import (
    Block,
    BlockStack,
    ConvNorm,
    persons_as_samples,
    tree_parents,
    unit_init,
)

HEADS = 3


class Attention(BaseModule):
    """Queries and keys of all heads.

    Args:
        channels (int): Channels of the input.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads_width = channels // 8
        self.ln = nn.LayerNorm(channels)
        self.to_qk = nn.Linear(channels, 2 * HEADS * self.heads_width)
        nn.init.normal_(self.to_qk.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Attention between the joints of each frame.

        Args:
            x (Tensor): Shape (B, V, C).

        Returns:
            Tensor: Shape (B, heads, V, V), rows sum to one.
        """
        B, V, _ = x.shape
        both = self.to_qk(self.ln(x)).view(B, V, 2, HEADS, self.heads_width)
        query, key = both.permute(2, 0, 3, 1, 4).unbind()
        scale = 1 / math.sqrt(self.heads_width)
        return torch.matmul(query * scale, key.transpose(-1, -2)).softmax(-1)


class AttentionSpatial(BaseModule):
    """Graph convolution whose graph is attention times a learned topology.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        joints (int): Number of joints V.
    """

    def __init__(
        self, in_channels: int, out_channels: int, joints: int
    ) -> None:
        super().__init__(init_cfg=unit_init(quiet=True))
        self.attn = Attention(in_channels)
        self.shared_topology = nn.Parameter(
            torch.eye(joints).repeat(HEADS, 1, 1)
        )
        self.conv_d = ModuleList(
            nn.Conv2d(in_channels, out_channels, 1) for _ in range(HEADS)
        )
        if in_channels != out_channels:
            self.down = ConvNorm(in_channels, out_channels)
        self.bn = nn.BatchNorm2d(out_channels)

    def init_weights(self) -> None:
        """Draw the weights, those of the heads as their authors do."""
        fresh = not self.is_init
        super().init_weights()
        if fresh:
            for conv in self.conv_d:
                fan = math.prod(conv.weight.shape[:3])
                nn.init.normal_(conv.weight, std=math.sqrt(2 / fan / HEADS))

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        _, N, T, V = x.shape
        rows = x.flatten(1, 2).permute(1, 2, 0).contiguous()
        graph = self.attn(rows) * self.shared_topology
        # The convolution of a head is linear and goes before its graph: the
        # heads are summed by one product over joints and heads.
        graph = graph.permute(0, 2, 3, 1).flatten(2)
        weight = torch.cat([conv.weight.flatten(1) for conv in self.conv_d])
        wide = F.linear(rows, weight).view(N * T, V * HEADS, -1)
        bias = sum(conv.bias for conv in self.conv_d)
        y = torch.baddbmm(bias, graph, wide)
        y = y.permute(2, 0, 1).reshape(-1, N, T, V)
        y = batch_norm(y, [self.bn])
        if hasattr(self, 'down'):
            x = self.down(x)
        return rectify(y + x)


@MODELS.register_module()
class InfoGCN(BlockStack):
    """Graph convolution by attention, over joints or k-th differences.

    The input of stream ``k`` is each joint minus its k-th ancestor in the
    tree of the layout: 1 gives bones; what reaches beyond the root gives the
    joints themselves, as does a ``k`` of the tree's depth for all.

    Args:
        graph_cfg (dict): ``layout``, with parts and bones.
        in_channels (int): Channels of a joint. Defaults to 3.
        k (int): Which ancestor is subtracted; 0 would subtract the joint
            itself. Defaults to 1.
        relatives (str): ``'children'`` subtracts the sum of the k-th
            descendants instead, as the authors' code does for NW-UCLA.
            Defaults to ``'parents'``.
        root (int, optional): Root of the tree. Defaults to None: the spine's
            middle for Kinect, the layout's centre for others. The authors'
            NW-UCLA tree grows from the shoulders' centre, 2.
        base_channels (int): Channels of the first stage. Defaults to 64.
        num_stages (int): Number of blocks. Defaults to 9.
        inflate_stages (Sequence[int]): Stages, counted from 1, that double
            the channels. Defaults to (4, 7).
        down_stages (Sequence[int]): Stages, counted from 1, that halve the
            frames. Defaults to (4, 7).
        num_person (int): Persons M of a sample. Defaults to 2.
        init_cfg (dict | list[dict], optional): Of :class:`BaseModule`.
            Defaults to None.
    """

    differences: Tensor

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: PositiveInt = 3,
        *,
        k: PositiveInt = 1,
        relatives: Literal['parents', 'children'] = 'parents',
        root: NonNegativeInt | None = None,
        base_channels: PositiveInt = 64,
        num_stages: PositiveInt = 9,
        inflate_stages: Sequence[int] = (4, 7),
        down_stages: Sequence[int] = (4, 7),
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
        root = self.middle() if root is None else root
        V = self.num_joints
        tree = torch.zeros(V, V)
        for child, parent in enumerate(tree_parents(self.graph.inward, root)):
            tree[child, parent] = child != parent
        tree = tree if relatives == 'parents' else tree.t()
        power = torch.linalg.matrix_power(tree, k)
        self.register_buffer(
            'differences', torch.eye(V) - power, persistent=False
        )
        self.to_joint_embedding = nn.Linear(in_channels, base_channels)
        self.pos_embedding = nn.Parameter(torch.randn(1, V, base_channels))
        self.table[0] = (base_channels, base_channels, 1)
        self.build_net(norm_channels=base_channels)

    def build_block(
        self, index: int, width: int, wider: int, stride: int
    ) -> nn.Module:
        """See :meth:`BlockStack.build_block`."""
        return Block(
            AttentionSpatial(width, wider, self.num_joints),
            MultiScaleTCN(wider, wider, stride=stride),
            widths=(width, wider),
            stride=stride,
            residual=True,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Extract features.

        Args:
            x (Tensor): Skeletons (N, M, T, V, C).

        Returns:
            Tensor: Features (N, M, C', T', V).
        """
        self.check(x)
        x = torch.matmul(self.differences, x)
        x = self.to_joint_embedding(x) + self.pos_embedding
        x = persons_as_samples(x, self.data_bn)
        for block in self.net:
            x = block(x)
        return self.unflatten(x)
