"""Multi-scale temporal convolution on channel-major activations.

Dilated convolutions, a max pool and a plain branch side by side: MS-G3D (Liu
et al., CVPR 2020, section 4.2), CTR-GCN (Chen et al., ICCV 2021, Fig. 3) and
what was built on them.
"""

from __future__ import annotations

from typing import Sequence

import torch
from mmaction.models.utils import unit_tcn
from mmengine.model import BaseModule, ModuleList, Sequential
from torch import Tensor, nn

from .channel_major import (
    batch_norm,
    max_pool,
    pointwise,
    pointwise_norm,
    rectify,
    temporal,
)
from .stack import shortcut, unit_init


class MultiScaleTCN(BaseModule):
    """Temporal module: branches over time, joined along the channels.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel_size (int | Sequence[int]): Frames that a dilated branch sees,
            for all or for each. Defaults to 5.
        stride (int): Step in frames. Defaults to 1.
        dilations (Sequence[int]): One branch for each. Defaults to (1, 2).
        residual (bool): Whether the module adds its input, through a 1x1
            convolution where the shapes differ. Defaults to False.
        final_act (bool): Whether a ReLU ends it. Defaults to True.
        dropout (float): Probability of dropout at the end. Defaults to 0.

    Raises:
        ValueError: If kernel sizes and dilations differ in number.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel_size: int | Sequence[int] = 5,
        stride: int = 1,
        dilations: Sequence[int] = (1, 2),
        residual: bool = False,
        final_act: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(init_cfg=unit_init())
        width = out_channels // (len(dilations) + 2)
        rest = out_channels - width * (len(dilations) + 1)
        self.stride = stride
        dilated = [
            Sequential(
                *_entry(in_channels, width),
                unit_tcn(
                    width, width, kernel, stride=stride, dilation=dilation
                ),
            )
            for kernel, dilation in _one_each(kernel_size, dilations)
        ]
        pooled = Sequential(
            *_entry(in_channels, width),
            nn.MaxPool2d((3, 1), (stride, 1), padding=(1, 0)),
            nn.BatchNorm2d(width),
        )
        plain = Sequential(
            nn.Conv2d(in_channels, rest, kernel_size=1, stride=(stride, 1)),
            nn.BatchNorm2d(rest),
        )
        self.branches = ModuleList([*dilated, pooled, plain])
        self.drop = nn.Dropout(dropout)
        self.final_act = final_act
        if residual:
            self.residual = shortcut(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T', V)."""
        *scales, plain = self.branches
        *dilated, pooled = scales
        entries = ([branch[i] for branch in scales] for i in (0, 1))
        h = rectify(pointwise_norm(x, *entries))
        parts = h.chunk(len(scales))
        outs = [
            temporal(part, branch[3].conv)
            for part, branch in zip(parts, dilated)
        ]
        outs.append(max_pool(parts[-1], pooled[3]))
        outs.append(pointwise(x[:, :, :: self.stride], [plain[0]]))
        # The branches end in batch norms, which commute with joining them.
        norms = [branch[3].bn for branch in dilated] + [pooled[4], plain[1]]
        y = batch_norm(torch.cat(outs), norms)
        if hasattr(self, 'residual'):
            y = y + self.residual(x)
        return self.drop(rectify(y) if self.final_act else y)


def _one_each(
    kernel_size: int | Sequence[int], dilations: Sequence[int]
) -> list[tuple[int, int]]:
    """Kernel size and dilation of every dilated branch."""
    if isinstance(kernel_size, int):
        kernel_size = [kernel_size] * len(dilations)
    if len(kernel_size) != len(dilations):
        raise ValueError(
            f'kernel_size has {len(kernel_size)} entries, expected one for '
            f'each of the {len(dilations)} dilations'
        )
    return list(zip(kernel_size, dilations))


def _entry(in_channels: int, width: int) -> list[nn.Module]:
    """What every branch but the plain one begins with."""
    return [
        nn.Conv2d(in_channels, width, kernel_size=1),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    ]
