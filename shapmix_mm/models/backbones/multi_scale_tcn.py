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

from .channel_major import batch_norm, max_pool, pointwise, temporal
from .ctrgc import CONV_INIT, NORM_INIT


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

    def __init__(self, in_channels: int, out_channels: int, *,
                 kernel_size: int | Sequence[int] = 5, stride: int = 1,
                 dilations: Sequence[int] = (1, 2),
                 dropout: float = 0.) -> None:
        super().__init__(init_cfg=[dict(NORM_INIT), dict(CONV_INIT)])
        kernels = ([kernel_size] * len(dilations) if isinstance(
            kernel_size, int) else list(kernel_size))
        if len(kernels) != len(dilations):
            raise ValueError(f'kernel_size has {len(kernels)} entries, '
                             f'expected one for each of the {len(dilations)} '
                             'dilations')
        width = out_channels // (len(dilations) + 2)
        rest = out_channels - width * (len(dilations) + 1)
        self.stride = stride

        def entry() -> list[nn.Module]:
            return [nn.Conv2d(in_channels, width, kernel_size=1),
                    nn.BatchNorm2d(width), nn.ReLU(inplace=True)]

        self.branches = ModuleList([
            Sequential(*entry(), unit_tcn(
                width, width, kernel, stride=stride, dilation=dilation))
            for kernel, dilation in zip(kernels, dilations)])
        self.branches.append(Sequential(
            *entry(), nn.MaxPool2d((3, 1), stride=(stride, 1),
                                   padding=(1, 0)), nn.BatchNorm2d(width)))
        self.branches.append(Sequential(
            nn.Conv2d(in_channels, rest, kernel_size=1, stride=(stride, 1)),
            nn.BatchNorm2d(rest)))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map (C, N, T, V) to (C', N, T', V)."""
        *scales, plain = self.branches
        *dilated, pooled = scales
        h = pointwise(x, [branch[0] for branch in scales])
        h = torch.relu_(batch_norm(h, [branch[1] for branch in scales]))
        parts = h.chunk(len(scales))
        outs = [temporal(part, branch[3].conv)
                for part, branch in zip(parts, dilated)]
        outs.append(max_pool(parts[-1], pooled[3]))
        outs.append(pointwise(x[:, :, ::self.stride], [plain[0]]))
        # The branches end in batch norms, which commute with joining them.
        norms = [branch[3].bn for branch in dilated] + [pooled[4], plain[1]]
        return self.drop(torch.relu_(batch_norm(torch.cat(outs), norms)))
