"""Shift-GCN: channels that move across joints and frames.

Cheng et al., "Skeleton-Based Action Recognition with Shift Graph
Convolutional Network", CVPR 2020. No adjacency is used: each channel takes
its values from another joint, and, by a learned distance, from another time.
Activations lie as (C, V, T, N) here: moving across joints copies whole rows,
and moving in time does so too.
"""

from __future__ import annotations

from typing import Any, ClassVar, Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from shapmix_mm.arguments import PositiveInt

from .channel_major import batch_norm, is_traced, pointwise, rectify
from .stack import BlockStack, ConvNorm, shortcut, unit_init


class JointShift(torch.autograd.Function):
    """Rows of a (C * V, ...) tensor in another order."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
        """Take the rows of ``x`` in the given order."""
        ctx.save_for_backward(inverse)
        return x.index_select(0, order)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        """Give each row its gradient back."""
        return grad.index_select(0, ctx.saved_tensors[0]), None, None


def shift_order(channels: int, joints: int, sign: int) -> Tensor:
    """For row (c, v) of C * V rows, the row (c, (v + sign * c) mod V)."""
    c = torch.arange(channels).unsqueeze(1)
    v = torch.arange(joints)
    return (c * joints + (v + sign * c) % joints).flatten()


class TemporalShift(torch.autograd.Function):
    """Channels moved by learned, fractional numbers of frames.

    ``out[c, t] = x[c, stride * t + position[c]]``, interpolated linearly, zero
    outside of the clip; half a frame more where the stride is 2. The gradient
    of ``x`` is exact. That of the positions is not: as their authors train
    them it is 0.01 times the sign of the true one (mean over samples, sum
    over frames and joints), and 1e-4 where that is zero.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, position: Tensor, stride: int) -> Tensor:
        """Move (C, V, T, N) to (C, V, T', N)."""
        before, after, share = _neighbours(x, position, stride)
        ctx.save_for_backward(x, position)
        ctx.stride = stride
        return torch.lerp(before, after, share)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        """Gradients of activations and positions."""
        x, position = ctx.saved_tensors
        stride = ctx.stride
        before, after, _ = _neighbours(x, position, stride)
        slope = ((after - before) * grad).sum((1, 2, 3)) / x.size(-1)
        g_position = 0.01 * slope.sign() + 1e-4 * (slope == 0)
        if stride > 1:
            spread = grad.new_zeros(x.shape)
            spread[:, :, ::stride] = grad
            grad = spread
        # The adjoint moves back, by the same neighbours the other way.
        start, share = _start(position, stride)
        before = _frames(grad, -start, 1)
        after = _frames(grad, -start - 1, 1)
        g_x = torch.lerp(before, after, share.to(grad.dtype))
        return g_x, g_position, None


def temporal_shift(x: Tensor, position: Tensor, stride: int) -> Tensor:
    """See :class:`TemporalShift`; plain operations while traced."""
    if is_traced():
        return torch.lerp(*_neighbours(x, position, stride))
    return TemporalShift.apply(x, position, stride)


def _start(position: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """Whole frames and the rest, as (C,) and (C, 1, 1, 1)."""
    moved = position + 0.5 * (stride - 1)
    whole = moved.floor()
    return whole.long(), (moved - whole).view(-1, 1, 1, 1)


def _neighbours(
    x: Tensor, position: Tensor, stride: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The two frames that each frame lies between, and where between."""
    start, share = _start(position, stride)
    before = _frames(x, start, stride)
    after = _frames(x, start + 1, stride)
    return before, after, share.to(x.dtype)


def _frames(x: Tensor, start: Tensor, stride: int) -> Tensor:
    """Frames start[c], start[c] + stride, ... of (C, V, T, N), or zeros."""
    C, V, T, N = x.shape
    frame = start.unsqueeze(1) + torch.arange(0, T, stride, device=x.device)
    inside = (frame >= 0) & (frame < T)
    row = torch.arange(0, C * V * T, T, device=x.device).view(C, V, 1)
    row = row + frame.clamp(0, T - 1).unsqueeze(1)
    taken = x.reshape(-1, N).index_select(0, row.flatten())
    taken = taken.view(C, V, -1, N)
    return taken * inside[:, None, :, None]


class ShiftSpatial(BaseModule):
    """Spatial unit: shift, mask, product, shift, and a residual.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        joints (int): Number of joints V.
    """

    shift_in: Tensor
    shift_out: Tensor
    back_in: Tensor
    back_out: Tensor

    def __init__(
        self, in_channels: int, out_channels: int, joints: int
    ) -> None:
        super().__init__(init_cfg=unit_init())
        self.Linear_weight = nn.Parameter(
            torch.randn(in_channels, out_channels) / out_channels**0.5
        )
        self.Linear_bias = nn.Parameter(torch.zeros(1, 1, out_channels))
        self.Feature_Mask = nn.Parameter(torch.zeros(1, joints, in_channels))
        self.bn = nn.BatchNorm1d(joints * out_channels)
        if in_channels != out_channels:
            self.down = ConvNorm(in_channels, out_channels)
        for name, channels, sign in (
            ('shift_in', in_channels, 1),
            ('back_in', in_channels, -1),
            ('shift_out', out_channels, -1),
            ('back_out', out_channels, 1),
        ):
            order = shift_order(channels, joints, sign)
            self.register_buffer(name, order, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, V, T, N) to (C', V, T, N)."""
        C, V, T, N = x.shape
        mask = torch.tanh(self.Feature_Mask[0].t()) + 1
        y = _shift(x.reshape(C * V, -1), self.shift_in, self.back_in)
        y = y * mask.reshape(-1, 1)
        bias = self.Linear_bias.view(-1, 1)
        y = torch.addmm(bias, self.Linear_weight.t(), y.view(C, -1))
        y = _shift(y.view(-1, T * N), self.shift_out, self.back_out)
        y = self._normalise(y.view(-1, V, T * N))
        if hasattr(self, 'down'):
            x = self.down(x)
        return rectify(y.view(-1, V, T, N) + x)

    def _normalise(self, y: Tensor) -> Tensor:
        """Batch norm of (C', V, B); its channels count the joints first."""
        C, V, _ = y.shape
        y = y.transpose(0, 1).reshape(V * C, -1)
        y = batch_norm(y, [self.bn])
        return y.view(V, C, -1).transpose(0, 1)


def _shift(x: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
    if is_traced():
        return x.index_select(0, order)
    return JointShift.apply(x, order, inverse)


class ShiftTemporal(BaseModule):
    """Temporal unit: shift, 1x1 convolution, shift, between batch norms.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        stride (int): Step in frames, 1 or 2.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int
    ) -> None:
        super().__init__(init_cfg=unit_init())
        self.stride = stride
        self.bn = nn.BatchNorm2d(in_channels)
        self.shift_in = nn.Parameter(torch.empty(in_channels).uniform_(-1, 1))
        self.temporal_linear = nn.Conv2d(in_channels, out_channels, 1)
        self.shift_out = nn.Parameter(
            torch.empty(out_channels).uniform_(-1, 1)
        )
        self.bn2 = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, V, T, N) to (C', V, T', N)."""
        x = temporal_shift(batch_norm(x, [self.bn]), self.shift_in, 1)
        x = rectify(pointwise(x, [self.temporal_linear]))
        x = temporal_shift(x, self.shift_out, self.stride)
        return batch_norm(x, [self.bn2])


class ShiftBlock(BaseModule):
    """A spatial unit, a temporal unit and a residual around both.

    Args:
        width (int): Channels of the input.
        wider (int): Channels of the output.
        joints (int): Number of joints V.
        stride (int): Step in frames.
        residual (bool): Whether the input is added to the output.
    """

    def __init__(
        self,
        width: int,
        wider: int,
        joints: int,
        *,
        stride: int,
        residual: bool,
    ) -> None:
        super().__init__()
        self.gcn1 = ShiftSpatial(width, wider, joints)
        self.tcn1 = ShiftTemporal(wider, wider, stride)
        self.has_residual = residual
        if residual:
            self.residual = shortcut(width, wider, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, V, T, N) to (C', V, T', N)."""
        y = self.tcn1(self.gcn1(x))
        if self.has_residual:
            y = y + self.residual(x)
        return rectify(y)


@MODELS.register_module()
class ShiftGCN(BlockStack):
    """Shift graph convolutional network.

    Its authors' code is for 25 joints; here the shift goes around the joints
    that the layout has. Odd numbers of frames are halved upwards.

    Args:
        graph_cfg (dict): ``layout``; of the graph only the number of joints
            matters.
        in_channels (int): Channels of a joint. Defaults to 3.
        base_channels (int): Channels of the first stage. Defaults to 64.
        num_stages (int): Number of blocks. Defaults to 10.
        inflate_stages (Sequence[int]): Stages, counted from 1, that double
            the channels. Defaults to (5, 8).
        down_stages (Sequence[int]): Stages, counted from 1, that halve the
            frames. Defaults to (5, 8).
        num_person (int): Persons M of a sample. Defaults to 2.
        init_cfg (dict | list[dict], optional): Of :class:`BaseModule`.
            Defaults to None.
    """

    # Blocks map (C, V, T, N).
    sample_dim: ClassVar[int] = 3

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
        self.build_net()

    def samples_first(self, x: Tensor) -> Tensor:
        """See :meth:`SkeletonBackbone.samples_first`."""
        return x.permute(3, 0, 2, 1)

    def build_block(
        self, index: int, width: int, wider: int, stride: int
    ) -> nn.Module:
        """See :meth:`BlockStack.build_block`."""
        return ShiftBlock(
            width, wider, self.num_joints, stride=stride, residual=index > 0
        )

    def forward(self, x: Tensor) -> Tensor:
        """Extract features.

        Args:
            x (Tensor): Skeletons (N, M, T, V, C).

        Returns:
            Tensor: Features (N, M, C', T', V).
        """
        x = self.flatten(x, self.data_bn)
        x = x.permute(0, 3, 2, 1).contiguous()
        for block in self.net:
            x = block(x)
        return self.unflatten(x.permute(0, 3, 2, 1))
