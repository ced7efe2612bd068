"""MS-G3D: the network of its authors and the port of MMAction2.

Liu et al., "Disentangling and Unifying Graph Convolutions for Skeleton-Based
Action Recognition", CVPR 2020. MMAction2's ``projects/msg3d`` divides each
scale of the graph by its column sums, where the authors divide by the root of
both sums, and applies the matrices transposed. Parameters and buffers have
the port's names in both.
"""

from __future__ import annotations

from typing import Any, Literal, Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList, Sequential
from torch import Tensor, nn

from shapmix_mm.arguments import PositiveInt

from .aggregation import aggregate_scales
from .channel_major import batch_norm, rectify
from .multi_scale_tcn import MultiScaleTCN
from .stack import ConvNorm, SkeletonBackbone

Variant = Literal['authors', 'mmaction']


def disentangled_scales(A: Tensor, num: int, variant: Variant) -> Tensor:
    """Graphs of joints that are so many hops apart (Eq. 4 of the paper).

    Args:
        A (Tensor): Binary symmetric adjacency (V, V).
        num (int): Number of scales; scale 0 is the identity.
        variant (str): Whose normalisation.

    Returns:
        Tensor: Normalised graphs (num, V, V); beyond the diameter they are
        the identity.
    """
    eye = torch.eye(len(A), dtype=A.dtype)
    step = ((A + eye) > 0).to(A.dtype)
    within, scales = eye, [eye]
    for _ in range(1, num):
        wider = ((within @ step) > 0).to(A.dtype)
        scales.append(wider - within + eye)
        within = wider
    graphs = torch.stack(scales)
    if variant == 'mmaction':
        return graphs / graphs.sum(1, keepdim=True)
    root = graphs.sum(2).rsqrt()
    return root.unsqueeze(2) * graphs * root.unsqueeze(1)


class Pointwise(BaseModule):
    """1x1 convolution, batch norm and ReLU.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.layers = ConvNorm(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        return rectify(self.layers(x))


class MultiScaleGraph(BaseModule):
    """Aggregation over several graphs side by side, and a 1x1 convolution.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        A (Tensor): Graphs (S, V, V); a mask that is learned is added.
        variant (str): Whether joint v receives from u what the matrices say
            at (v, u), as the authors have it, or at (u, v).
    """

    A: Tensor

    def __init__(
        self, in_channels: int, out_channels: int, A: Tensor, variant: Variant
    ) -> None:
        super().__init__()
        self.variant = variant
        self.register_buffer('A', A.clone())
        self.PA = nn.Parameter(torch.empty_like(A).uniform_(-1e-6, 1e-6))
        self.mlp = Pointwise(in_channels * len(A), out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T, V)."""
        C, N, T, V = x.shape
        graphs = self.A + self.PA
        if self.variant == 'authors':
            graphs = graphs.transpose(1, 2)
        # The scales come out as the outer part of the channels.
        y = aggregate_scales(x.reshape(C * N * T, V), graphs)
        return self.mlp(y.view(-1, N, T, V))


class UnfoldTime(BaseModule):
    """Windows of frames as so many more joints.

    Args:
        window (int): Frames of a window, an odd number.
        stride (int): Step in frames.
    """

    def __init__(self, window: int, stride: int) -> None:
        super().__init__()
        self.window = window
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C, N, T', window * V), frames outermost."""
        T, reach = x.size(2), self.window // 2
        padded = nn.functional.pad(x, (0, 0, reach, reach))
        frames = [
            padded[:, :, start : start + T : self.stride]
            for start in range(self.window)
        ]
        return torch.cat(frames, 3)


class WindowGraph(BaseModule):
    """Graph convolution over the joints of a window of frames.

    Args:
        in_channels (int): Channels of the input.
        embed_channels (int): Channels within.
        out_channels (int): Channels of the output.
        A (Tensor): Graphs (S, window * V, window * V).
        window (int): Frames of a window.
        stride (int): Step in frames.
        variant (str): See :class:`MultiScaleGraph`.
    """

    def __init__(
        self,
        in_channels: int,
        embed_channels: int,
        out_channels: int,
        A: Tensor,
        *,
        window: int,
        stride: int,
        variant: Variant,
    ) -> None:
        super().__init__()
        self.window = window
        self.gcn3d = Sequential(
            UnfoldTime(window, stride),
            MultiScaleGraph(in_channels, embed_channels, A, variant),
        )
        self.out_conv = nn.Conv3d(embed_channels, out_channels, (1, window, 1))
        self.out_bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T', V)."""
        y = self.gcn3d(x)
        C, N, T, _ = y.shape
        y = y.view(C, N, T, self.window, -1)
        # A convolution that covers its whole window is a matrix product.
        columns = y.permute(0, 3, 1, 2, 4).reshape(C * self.window, -1)
        weight = self.out_conv.weight.flatten(1)
        bias: Any = self.out_conv.bias
        out = torch.addmm(bias[:, None], weight, columns)
        return batch_norm(out.view(-1, N, T, y.size(4)), [self.out_bn])


class G3D(BaseModule):
    """Sum of window graph convolutions, one for each length of window.

    Args:
        windows (Sequence[nn.Module]): The :class:`WindowGraph` modules.
    """

    def __init__(self, windows: Sequence[nn.Module]) -> None:
        super().__init__()
        self.gcn3d = ModuleList(windows)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T', V)."""
        first, *others = [window(x) for window in self.gcn3d]
        return sum(others, first)


@MODELS.register_module()
class MSG3D(SkeletonBackbone):
    """Multi-scale graph network with unified space-time graphs.

    Args:
        graph_cfg (dict): ``layout``.
        in_channels (int): Channels of a joint. Defaults to 3.
        variant (str): Which function the weights mean: that of its
            ``'authors'`` or ``'mmaction'``, of the port and its checkpoints.
            Defaults to ``'authors'``.
        base_channels (int): Channels of the first of three stages.
            Defaults to 96.
        num_gcn_scales (int): Scales of the joints' graph. Defaults to 13.
        num_g3d_scales (int): Scales of the windows' graphs. Defaults to 6.
        windows (Sequence[int]): Frames of the windows. Defaults to (3, 5).
        dilations (Sequence[int]): Of the temporal modules.
            Defaults to (1, 2, 3, 4).
        num_person (int): Persons M of a sample. Defaults to 2.
        init_cfg (dict | list[dict], optional): Of :class:`BaseModule`.
            Defaults to None, for PyTorch's start of the authors.
    """

    A: Tensor

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: PositiveInt = 3,
        *,
        variant: Variant = 'authors',
        base_channels: PositiveInt = 96,
        num_gcn_scales: PositiveInt = 13,
        num_g3d_scales: PositiveInt = 6,
        windows: Sequence[int] = (3, 5),
        dilations: Sequence[int] = (1, 2, 3, 4),
        num_person: PositiveInt = 2,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            {**graph_cfg, 'mode': 'binary_adj'},
            in_channels,
            num_person=num_person,
            bone_graph=variant == 'authors',
            init_cfg=init_cfg,
        )
        self.variant: Variant = variant
        A = torch.tensor(self.graph.A[0], dtype=torch.float32)
        self.register_buffer('A', A)
        joints = num_person * self.num_joints
        self.data_bn = nn.BatchNorm1d(joints * in_channels)
        self.windows = {
            window: disentangled_scales(
                (A + torch.eye(len(A))).repeat(window, window),
                num_g3d_scales,
                variant,
            )
            for window in windows
        }
        self.scales = disentangled_scales(A, num_gcn_scales, variant)
        self.dilations = dilations
        widths = [in_channels, *(base_channels * 2**i for i in range(3))]
        for stage in (1, 2, 3):
            self._add_stage(stage, *widths[stage - 1 : stage + 1])
        del self.windows, self.scales

    def _add_stage(self, stage: int, width: int, wider: int) -> None:
        """Build the three modules of a stage."""
        stride = 1 if stage == 1 else 2
        inner = wider if stage == 1 else width
        g3d = G3D(
            [
                WindowGraph(
                    width,
                    inner,
                    wider,
                    graph,
                    window=window,
                    stride=stride,
                    variant=self.variant,
                )
                for window, graph in self.windows.items()
            ]
        )
        sgcn = Sequential(
            MultiScaleGraph(width, inner, self.scales, self.variant),
            self._tcn(inner, wider, stride=stride),
            self._tcn(wider, wider, final_act=False),
        )
        self.add_module(f'gcn3d{stage}', g3d)
        self.add_module(f'sgcn{stage}', sgcn)
        self.add_module(f'tcn{stage}', self._tcn(wider, wider))

    def _tcn(self, width: int, wider: int, **kwargs: Any) -> MultiScaleTCN:
        return MultiScaleTCN(
            width,
            wider,
            kernel_size=3,
            dilations=self.dilations,
            residual=True,
            **kwargs,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Extract features.

        Args:
            x (Tensor): Skeletons (N, M, T, V, C).

        Returns:
            Tensor: Features (N, M, C', T', V), T' a quarter of T.
        """
        x = self.flatten(x, self.data_bn)
        for stage in (1, 2, 3):
            sgcn = getattr(self, f'sgcn{stage}')
            gcn3d = getattr(self, f'gcn3d{stage}')
            x = rectify(sgcn(x) + gcn3d(x))
            x = getattr(self, f'tcn{stage}')(x)
        return self.unflatten(x)
