"""Multi-scale temporal convolution of CTR-GCN on channel-major activations.

Dilated convolutions, a max pool and a plain branch side by side, as in Fig. 3
of the CTR-GCN paper (ICCV 2021).
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
    temporal,
)
from .ctrgc import CONV_INIT, NORM_INIT
from .rectifier import rectify


class MultiScaleTCN(BaseModule):
    """Temporal module: branches over time, joined along the channels.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel_size (int | Sequence[int]): Frames that a dilated branch sees,
            for all or for each. Defaults to 5.
        stride (int): Step in frames. Defaults to 1.
        dilations (Sequence[int]): One branch for each. Defaults to (1, 2).
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
        dropout: float = 0.0,
    ) -> None:
        super().__init__(init_cfg=[dict(NORM_INIT), dict(CONV_INIT)])
        kernels = _one_each(kernel_size, len(dilations))
        width = out_channels // (len(dilations) + 2)
        rest = out_channels - width * (len(dilations) + 1)
        self.stride = stride
        step = (stride, 1)
        dilated = [
            Sequential(
                *_entry(in_channels, width),
                unit_tcn(
                    width, width, kernel, stride=stride, dilation=dilation
                ),
            )
            for kernel, dilation in zip(kernels, dilations)
        ]
        pooled = Sequential(
            *_entry(in_channels, width),
            nn.MaxPool2d((3, 1), stride=step, padding=(1, 0)),
            nn.BatchNorm2d(width),
        )
        plain = Sequential(
            nn.Conv2d(in_channels, rest, kernel_size=1, stride=step),
            nn.BatchNorm2d(rest),
        )
        self.branches = ModuleList([*dilated, pooled, plain])
        self.drop = nn.Dropout(dropout)

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
        return self.drop(rectify(batch_norm(torch.cat(outs), norms)))


def _one_each(kernel_size: int | Sequence[int], branches: int) -> list[int]:
    """Kernel size of every dilated branch."""
    if isinstance(kernel_size, int):
        return [kernel_size] * branches
    if len(kernel_size) != branches:
        raise ValueError(
            f'kernel_size has {len(kernel_size)} entries, expected one for '
            f'each of the {branches} dilations'
        )
    return list(kernel_size)


def _entry(in_channels: int, width: int) -> list[nn.Module]:
    """What every branch but the plain one begins with."""
    return [
        nn.Conv2d(in_channels, width, kernel_size=1),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    ]
