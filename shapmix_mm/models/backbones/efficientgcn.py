"""EfficientGCN: three input branches that join early.

Song et al., "Constructing Stronger and Faster Baselines for Skeleton-Based
Action Recognition", TPAMI 2022. Networks B0 to B4 are scaled from one table;
``Sep`` layers are those of the first preprint, ``SG`` those of the journal.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList, Sequential
from torch import Tensor, nn

from shapmix_mm.arguments import PositiveInt

from .aggregation import aggregate_subsets
from .channel_major import batch_norm, is_traced, pointwise, temporal
from .joint_attention import JointAttention
from .stack import (
    ConvNorm,
    SkeletonBackbone,
    persons_as_samples,
    tree_parents,
    unit_init,
)

WINDOW = 5
#: Joints that are no further apart are counted by the normalisation.
REACH = 10
#: Channels, step in frames and temporal layers of the blocks of B0, before
#: rounding; the first two blocks are in each branch.
TABLE = ((48, 1, 0.5), (24, 1, 0.5), (64, 2, 1), (128, 2, 1))


def scaled_table(scale: int) -> list[tuple[int, int, int]]:
    """Channels, step and temporal layers of the blocks of network B<scale>.

    Widths grow by 1.2 and depths by 1.35 with each step of the scale; widths
    are multiples of 16.
    """
    return [
        (
            max(int(width * 1.2**scale / 16 + 0.5) * 16, 16),
            stride,
            round(depth * 1.35**scale),
        )
        for width, stride, depth in TABLE
    ]


def input_branches(x: Tensor, parents: Tensor, middle: int) -> Tensor:
    """Joints, velocities and bones with two features of each coordinate.

    Args:
        x (Tensor): Joints (N, M, T, V, C).
        parents (Tensor): Parent of each joint, int64, on the device of x.
        middle (int): The joint that the others are seen from.

    Returns:
        Tensor: Shape (3, N, M, T, V, 2 * C): joints, and these relative to
        the middle; motion to the next frame and to the one after it, zero in
        the last two frames; bones, and their angles to the axes.
    """
    dtype = x.dtype
    # Angles near an axis lose digits; exporters have no such operations.
    x = x if is_traced() else x.double()
    joints = torch.cat([x, x - x[..., middle : middle + 1, :]], -1)
    steps = [x[:, :, s : x.size(2) - 2 + s] - x[:, :, :-2] for s in (1, 2)]
    motion = torch.cat(steps, -1)
    missing = x.size(2) - motion.size(2)
    motion = F.pad(motion, (0, 0, 0, 0, 0, missing))
    bones = x - x[..., parents, :]
    length = torch.linalg.vector_norm(bones, dim=-1, keepdim=True)
    bones = torch.cat([bones, torch.arccos(bones / (length + 1e-4))], -1)
    return torch.stack([joints, motion, bones]).to(dtype)


def hop_graphs(edges: Tensor, hops: int) -> Tensor:
    """Normalised graphs of the joints at each distance.

    Args:
        edges (Tensor): Binary symmetric adjacency (V, V).
        hops (int): Largest distance.

    Returns:
        Tensor: Shape (hops + 1, V, V), divided by how many joints are within
        ``REACH`` hops.
    """
    eye = torch.eye(len(edges))
    step = ((edges + eye) > 0).float()
    reached = [eye]
    for _ in range(max(hops, REACH)):
        reached.append(((reached[-1] @ step) > 0).float())
    graphs = [eye] + [far - near for near, far in zip(reached, reached[1:])]
    return torch.stack(graphs[: hops + 1]) / reached[REACH].sum(0)


class MaskedGraph(BaseModule):
    """1x1 convolution for each distance, then its graph times a mask.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        A (Tensor): Graphs (S, V, V).
    """

    A: Tensor

    def __init__(self, in_channels: int, out_channels: int, A: Tensor) -> None:
        super().__init__()
        self.gcn = nn.Conv2d(in_channels, len(A) * out_channels, 1)
        self.edge = nn.Parameter(torch.ones_like(A))
        self.register_buffer('A', A.clone(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        _, N, T, V = x.shape
        wide = pointwise(x, [self.gcn]).view(self.A.size(0), -1, V)
        return aggregate_subsets(wide, self.A * self.edge).view(-1, N, T, V)


class SpatialLayer(BaseModule):
    """Graph convolution, batch norm, residual and swish.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        A (Tensor): Graphs (S, V, V).
    """

    def __init__(self, in_channels: int, out_channels: int, A: Tensor) -> None:
        super().__init__(init_cfg=unit_init())
        self.conv = MaskedGraph(in_channels, out_channels, A)
        self.bn = nn.BatchNorm2d(out_channels)
        if in_channels != out_channels:
            self.residual = ConvNorm(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        y = batch_norm(self.conv(x), [self.bn])
        if hasattr(self, 'residual'):
            x = self.residual(x)
        return F.silu(y + x)


class StemTemporal(BaseModule):
    """Convolution over time, batch norm, residual and swish.

    Args:
        channels (int): Channels of input and output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(init_cfg=unit_init())
        self.conv = nn.Conv2d(
            channels, channels, (WINDOW, 1), padding=(WINDOW // 2, 0)
        )
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C, N, T, V)."""
        return F.silu(batch_norm(temporal(x, self.conv), [self.bn]) + x)


class TemporalLayer(BaseModule):
    """Convolutions over time and over channels by turns, and a residual.

    A ``Sep`` layer widens, convolves each channel over time and narrows; an
    ``SG`` layer convolves over time, narrows, widens and convolves over time.

    Args:
        channels (int): Channels of input and output.
        stride (int): Step in frames.
        layer (str): ``'sep'`` or ``'sg'``.
    """

    def __init__(self, channels: int, stride: int, layer: str) -> None:
        super().__init__(init_cfg=unit_init())
        self.layer = layer
        if layer == 'sep':
            inner = 2 * channels
            self.expand_conv = ConvNorm(channels, inner)
            self.depth_conv = _depth_norm(inner, stride)
            self.point_conv = ConvNorm(inner, channels)
        else:
            inner = channels // 2
            self.depth_conv1 = _depth_norm(channels, 1)
            self.point_conv1 = ConvNorm(channels, inner)
            self.point_conv2 = ConvNorm(inner, channels)
            self.depth_conv2 = _depth_norm(channels, stride)
        if stride != 1:
            self.residual = ConvNorm(channels, channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C, N, T', V)."""
        if self.layer == 'sep':
            y = F.silu(self.expand_conv(x))
            y = F.silu(_depth(y, self.depth_conv))
            y = self.point_conv(y)
        else:
            y = F.silu(_depth(x, self.depth_conv1))
            y = self.point_conv1(y)
            y = F.silu(self.point_conv2(y))
            y = _depth(y, self.depth_conv2)
        if hasattr(self, 'residual'):
            x = self.residual(x)
        return y + x


def _depth_norm(channels: int, stride: int) -> Sequential:
    conv = nn.Conv2d(
        channels,
        channels,
        (WINDOW, 1),
        (stride, 1),
        (WINDOW // 2, 0),
        groups=channels,
    )
    return Sequential(conv, nn.BatchNorm2d(channels))


def _depth(x: Tensor, layer: Sequential) -> Tensor:
    return batch_norm(temporal(x, layer[0]).contiguous(), [layer[1]])


class EfficientBlock(BaseModule):
    """A spatial layer, temporal layers and an attention.

    Args:
        width (int): Channels of the input.
        wider (int): Channels of the output.
        A (Tensor): Graphs (S, V, V).
        stride (int): Step in frames, of the first temporal layer.
        depth (int): Number of temporal layers.
        layer (str): Kind of the temporal layers.
    """

    def __init__(
        self,
        width: int,
        wider: int,
        A: Tensor,
        *,
        stride: int,
        depth: int,
        layer: str,
    ) -> None:
        super().__init__(init_cfg=unit_init())
        self.scn = SpatialLayer(width, wider, A)
        self.tcn = Sequential(
            *(
                TemporalLayer(wider, 1 if i else stride, layer)
                for i in range(depth)
            )
        )
        reduction = 4 if layer == 'sep' else 2
        self.att = JointAttention(wider, reduction, F.silu)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T', V)."""
        return self.att(self.tcn(self.scn(x)))


def _blocks(
    width: int, table: list[tuple[int, int, int]], A: Tensor, layer: str
) -> list[nn.Module]:
    """Blocks of the given widths, steps and depths after each other."""
    built: list[nn.Module] = []
    for wider, stride, depth in table:
        built.append(
            EfficientBlock(
                width, wider, A, stride=stride, depth=depth, layer=layer
            )
        )
        width = wider
    return built


class InputBranch(BaseModule):
    """Batch norm, stem and the first blocks of one kind of input.

    Args:
        channels (int): Channels of the input.
        blocks (list[nn.Module]): The blocks.
        A (Tensor): Graphs (S, V, V).
    """

    def __init__(
        self, channels: int, blocks: list[nn.Module], A: Tensor
    ) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.stem_scn = SpatialLayer(channels, 64, A)
        self.stem_tcn = StemTemporal(64)
        self.blocks = Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        x = batch_norm(x, [self.norm])
        return self.blocks(self.stem_tcn(self.stem_scn(x)))


@MODELS.register_module()
class EfficientGCN(SkeletonBackbone):
    """EfficientGCN; it takes joints, and makes its three inputs itself.

    So mixing and saliency act on joints. The inputs need raw coordinates:
    motion and bones of bones would be meaningless.

    Args:
        graph_cfg (dict): ``layout``.
        in_channels (int): Channels of a joint. Defaults to 3.
        scale (int): n of B<n>, 0 to 4. Defaults to 0.
        layer (str): Temporal layers: ``'sg'`` of the journal or ``'sep'`` of
            the preprint. Defaults to ``'sg'``.
        hops (int): Largest distance of joints that are aggregated.
            Defaults to 2.
        num_person (int): Persons M of a sample. Defaults to 2.
        init_cfg (dict | list[dict], optional): Of :class:`BaseModule`.
            Defaults to None.
    """

    parents: Tensor

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: PositiveInt = 3,
        *,
        scale: Literal[0, 1, 2, 3, 4] = 0,
        layer: Literal['sg', 'sep'] = 'sg',
        hops: PositiveInt = 2,
        num_person: PositiveInt = 2,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            {**graph_cfg, 'mode': 'binary_adj'},
            in_channels,
            num_person=num_person,
            bone_graph=True,
            init_cfg=init_cfg,
        )
        parents = tree_parents(self.graph.inward, self.middle())
        # A list would be copied to the GPU, and waited for, in each step.
        self.register_buffer(
            'parents', torch.tensor(parents), persistent=False
        )
        A = hop_graphs(torch.tensor(self.graph.A[0]).float(), hops)
        table = scaled_table(scale)

        self.branches = ModuleList(
            InputBranch(2 * in_channels, _blocks(64, table[:2], A, layer), A)
            for _ in range(3)
        )
        self.main = Sequential(*_blocks(3 * table[1][0], table[2:], A, layer))

    def forward(self, x: Tensor) -> Tensor:
        """Extract features.

        Args:
            x (Tensor): Joints (N, M, T, V, C).

        Returns:
            Tensor: Features (N, M, C', T', V), T' a quarter of T.
        """
        self.check(x)
        inputs = input_branches(x, self.parents, self.middle())
        outs = [
            branch(persons_as_samples(part, None))
            for branch, part in zip(self.branches, inputs.unbind())
        ]
        return self.unflatten(self.main(torch.cat(outs)))
