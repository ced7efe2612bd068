"""Attention over frames and joints at once, of two networks.

Song et al., "Constructing Stronger and Faster Baselines for Skeleton-Based
Action Recognition", TPAMI 2022 (EfficientGCN), section 3.5; the form that
weighs channels too is an option of MST-GCN (Chen et al., AAAI 2021).
"""

from __future__ import annotations

from typing import Callable

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, Sequential
from torch import Tensor, nn

from .channel_major import batch_norm, pointwise, rectify
from .stack import ConvNorm

Activation = Callable[[Tensor], Tensor]

#: Activations by the names that configs use.
ACTIVATIONS: dict[str, Activation] = dict(relu=rectify, swish=F.silu)


class JointWeights(BaseModule):
    """Weights of frames times weights of joints.

    Args:
        channels (int): Channels of the activations.
        inner (int): Channels within.
        channelwise (bool): Whether a factor for each channel comes in too.
    """

    def __init__(
        self, channels: int, inner: int, *, channelwise: bool
    ) -> None:
        super().__init__()
        self.fcn = ConvNorm(channels, inner)
        self.conv_t = nn.Conv2d(inner, channels, 1)
        self.conv_v = nn.Conv2d(inner, channels, 1)
        if channelwise:
            self.conv_c = Sequential(nn.Conv2d(inner, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to weights that broadcast to it."""
        T, V = x.shape[2:]
        both = torch.cat([x.mean(3), x.mean(2)], 2)
        both = F.hardswish(self.fcn(both))
        frames, joints = both.split([T, V], 2)
        weights = pointwise(frames, [self.conv_t]).sigmoid().unsqueeze(3)
        of_joints = pointwise(joints, [self.conv_v]).sigmoid().unsqueeze(2)
        weights = weights * of_joints
        if hasattr(self, 'conv_c'):
            mean = (frames.mean(2) + joints.mean(2)) / 2
            of_channels = pointwise(mean, [self.conv_c[0]]).sigmoid()
            weights = weights * of_channels[:, :, None, None]
        return weights


class JointAttention(BaseModule):
    """Activations weighted, normalised, added to themselves and activated.

    Args:
        channels (int): Channels of the activations.
        reduction (int): The weights come from so many times fewer channels.
        act (Callable): The activation.
        channelwise (bool): Whether channels are weighted too.
            Defaults to False.
    """

    def __init__(
        self,
        channels: int,
        reduction: int,
        act: Activation,
        *,
        channelwise: bool = False,
    ) -> None:
        super().__init__()
        self.act = act
        self.att = JointWeights(
            channels, channels // reduction, channelwise=channelwise
        )
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C, N, T, V)."""
        return self.act(batch_norm(x * self.att(x), [self.bn]) + x)
