"""Layers of a graph network on activations that lie channel by channel.

With the channels outermost, (C, N, T, V), a 1x1 convolution is one matrix
product, the statistics of a channel come from one contiguous row, and a group
of channels is a slice that needs no copy.
"""
from __future__ import annotations

from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def pointwise(x: Tensor, convs: Sequence[nn.Conv2d]) -> Tensor:
    """Apply several 1x1 convolutions to one input as one matrix product.

    Args:
        x (Tensor): Activations (C, ...).
        convs (Sequence[nn.Conv2d]): 1x1 convolutions that read C channels.

    Returns:
        Tensor: Their outputs below each other, (sum of C', ...).
    """
    weight = torch.cat([conv.weight.flatten(1) for conv in convs])
    bias = torch.cat([conv.bias for conv in convs])
    out = torch.addmm(bias[:, None], weight, x.flatten(1))
    return out.view(-1, *x.shape[1:])


def temporal(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """Convolve along time: (C, N, T, V) to (C', N, T', V)."""
    return conv(x.transpose(0, 1)).transpose(0, 1)


def max_pool(x: Tensor, pool: nn.MaxPool2d) -> Tensor:
    """Take the maximum over neighbouring frames: (C, N, T, V), T to T'.

    The joints pose as channels of a channels-last image, because only that
    kernel of PyTorch is vectorised; it is ten times faster on a CPU.
    """
    C, N, T, V = x.shape
    frames = x.reshape(C * N, T, 1, V).permute(0, 3, 1, 2)
    return pool(frames).permute(0, 2, 3, 1).reshape(C, N, -1, V)


def batch_norm(x: Tensor, norms: Sequence[nn.Module]) -> Tensor:
    """Normalise groups of channels, each by its own batch norm layer.

    Args:
        x (Tensor): Activations (C, ...).
        norms (Sequence[nn.Module]): Layers whose ``num_features`` add up to
            C. Ordinary batch norm layers run as one; anything else, such as
            SyncBatchNorm, is called for its own channels.

    Returns:
        Tensor: Normalised activations, shaped like ``x``.
    """
    rows = x.reshape(1, x.size(0), -1).contiguous()
    if not _can_fuse(norms):
        parts = rows.split([norm.num_features for norm in norms], dim=1)
        outs = [norm(part.unsqueeze(-1)) if isinstance(norm, nn.BatchNorm2d)
                else norm(part) for norm, part in zip(norms, parts)]
        return torch.cat([out.flatten(2) for out in outs], 1).view(x.shape)
    weight = torch.cat([norm.weight for norm in norms])
    bias = torch.cat([norm.bias for norm in norms])
    eps = norms[0].eps
    if not norms[0].training:
        mean = torch.cat([norm.running_mean for norm in norms])
        var = torch.cat([norm.running_var for norm in norms])
        out = F.batch_norm(rows, mean, var, weight, bias, eps=eps)
    else:
        out = _normalise(rows, norms, weight, bias, eps)
    return out.view(x.shape)


def _can_fuse(norms: Sequence[nn.Module]) -> bool:
    """Whether all layers are plain batch norms in the same state."""
    first = norms[0]
    return all(
        type(norm) in (nn.BatchNorm1d, nn.BatchNorm2d) and norm.affine
        and norm.track_running_stats and norm.training == first.training
        and norm.momentum is not None and norm.momentum == first.momentum
        and norm.eps == first.eps for norm in norms)


def _normalise(rows: Tensor, norms: Sequence[nn.Module], weight: Tensor,
               bias: Tensor, eps: float) -> Tensor:
    """Training-mode batch norm of (1, C, L) with its running statistics.

    A group norm with one channel per group and one sample is a batch norm,
    and its CPU kernel is four to six times faster.
    """
    _, C, L = rows.shape
    if L == 1:
        raise ValueError('batch norm got 1 value per channel in training, '
                         'expected more')
    out, mean, rstd = torch.native_group_norm(
        rows, weight, bias, 1, C, L, C, eps)
    with torch.no_grad():
        mean, rstd = mean[0].float(), rstd[0].float()
        var = (rstd.pow(-2) - eps).clamp_(min=0) * (L / (L - 1))
        widths = [norm.num_features for norm in norms]
        for norm, m, v in zip(norms, mean.split(widths), var.split(widths)):
            norm.running_mean.lerp_(m, norm.momentum)
            norm.running_var.lerp_(v, norm.momentum)
            norm.num_batches_tracked.add_(1)
    return out
