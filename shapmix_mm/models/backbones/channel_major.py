"""Layers of a graph network on activations that lie channel by channel.

With the channels outermost, (C, N, T, V), a 1x1 convolution is one matrix
product, the statistics of a channel come from one contiguous row, and a group
of channels is a slice that needs no copy.
"""

from __future__ import annotations

from typing import Any, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def is_traced() -> bool:
    """Whether a compiler or exporter is looking at the calls."""
    compiling = getattr(torch.compiler, 'is_compiling', bool)
    return compiling() or torch.jit.is_tracing()


def pointwise(x: Tensor, convs: Sequence[Any]) -> Tensor:
    """Apply several 1x1 convolutions to one input as one matrix product.

    Args:
        x (Tensor): Activations (C, ...).
        convs (Sequence[nn.Conv2d]): 1x1 convolutions that read C channels.

    Returns:
        Tensor: Their outputs below each other, (sum of C', ...).
    """
    return _matrix_product(x, *_stacked(convs))


def pointwise_norm(
    x: Tensor, convs: Sequence[Any], norms: Sequence[Any]
) -> Tensor:
    """Apply several 1x1 convolutions and the batch norm of each.

    In evaluation a batch norm multiplies and adds numbers that are known, so
    that weight and bias of the convolution can do it. The result differs
    from that of the two in turn by rounding alone: in float32 by less than
    1e-5 of the largest output.

    Args:
        x (Tensor): Activations (C, ...).
        convs (Sequence[nn.Conv2d]): 1x1 convolutions that read C channels.
        norms (Sequence[nn.Module]): The batch norm layer of each.

    Returns:
        Tensor: Their outputs below each other, (sum of C', ...).
    """
    if norms[0].training or not _can_fuse(norms):
        return batch_norm(pointwise(x, convs), norms)
    weight, bias = _stacked(convs)
    scale, bias = _scale_and_bias(norms, bias)
    return _matrix_product(x, scale[:, None] * weight, bias)


def _scale_and_bias(
    norms: Sequence[Any], bias: Tensor
) -> tuple[Tensor, Tensor]:
    """What a convolution's weight and bias become with its batch norm."""
    gain, offset, mean, var = _joined(norms)
    scale = gain * torch.rsqrt(var + norms[0].eps)
    return scale, torch.addcmul(offset, bias - mean, scale)


def _stacked(convs: Sequence[Any]) -> tuple[Tensor, Tensor]:
    """Weights (sum of C', C) and biases of 1x1 convolutions."""
    weight = torch.cat([conv.weight.flatten(1) for conv in convs])
    return weight, torch.cat([conv.bias for conv in convs])


def _matrix_product(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    out = torch.addmm(bias[:, None], weight, x.flatten(1))
    return out.view(-1, *x.shape[1:])


def temporal(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """Convolve along time: (C, N, T, V) to (C', N, T', V)."""
    return conv(x.transpose(0, 1)).transpose(0, 1)


def temporal_norm(x: Tensor, conv: Any, norm: Any) -> Tensor:
    """Convolve along time and normalise, see :func:`pointwise_norm`.

    Args:
        x (Tensor): Activations (C, N, T, V).
        conv (nn.Conv2d): Convolution over time.
        norm (nn.Module): Its batch norm layer.

    Returns:
        Tensor: Shape (C', N, T', V).
    """
    if norm.training or not _can_fuse([norm]):
        return batch_norm(temporal(x, conv), [norm])
    scale, bias = _scale_and_bias([norm], conv.bias)
    weight = scale.view(-1, 1, 1, 1) * conv.weight
    y = F.conv2d(
        x.transpose(0, 1),
        weight,
        bias,
        conv.stride,
        conv.padding,
        conv.dilation,
        conv.groups,
    )
    return y.transpose(0, 1)


def max_pool(x: Tensor, pool: nn.MaxPool2d) -> Tensor:
    """Take the maximum over neighbouring frames: (C, N, T, V), T to T'.

    The joints pose as channels of a channels-last image, because only that
    kernel of PyTorch is vectorised; it is ten times faster on a CPU.
    """
    C, N, T, V = x.shape
    frames = x.reshape(C * N, T, 1, V).permute(0, 3, 1, 2)
    return pool(frames).permute(0, 2, 3, 1).reshape(C, N, -1, V)


def batch_norm(x: Tensor, norms: Sequence[Any]) -> Tensor:
    """Normalise groups of channels, each by its own batch norm layer.

    Args:
        x (Tensor): Activations (C, ...).
        norms (Sequence[nn.Module]): Layers whose ``num_features`` add up to
            C. Ordinary batch norm layers run as one; anything else, such as
            SyncBatchNorm, is called for its own channels.

    Returns:
        Tensor: Normalised activations, shaped like ``x``.
    """
    if not _can_fuse(norms):
        rows = x.reshape(1, x.size(0), -1)
        parts = rows.split([norm.num_features for norm in norms], dim=1)
        outs = [
            norm(part.unsqueeze(-1))
            if isinstance(norm, nn.BatchNorm2d)
            else norm(part)
            for norm, part in zip(norms, parts)
        ]
        return torch.cat([out.flatten(2) for out in outs], 1).view(x.shape)
    first = norms[0]
    weight, bias, mean, var = _joined(norms)
    if first.training and x.device.type == 'cpu' and not is_traced():
        out = _normalise(x.contiguous(), weight, bias, mean, var, first)
    else:
        rows = x.reshape(1, x.size(0), -1)
        out = F.batch_norm(
            rows,
            mean,
            var,
            weight,
            bias,
            first.training,
            first.momentum,
            first.eps,
        )
        out = _reshape_for_inplace(out, x.shape)
    if first.training:
        _store_statistics(norms, mean, var)
    return out


def _can_fuse(norms: Sequence[Any]) -> bool:
    """Whether all layers are plain batch norms in the same state."""
    first = norms[0]
    return all(
        type(norm) in (nn.BatchNorm1d, nn.BatchNorm2d)
        and norm.affine
        and norm.track_running_stats
        and norm.training == first.training
        and norm.momentum is not None
        and norm.momentum == first.momentum
        and norm.eps == first.eps
        for norm in norms
    )


def _joined(norms: Sequence[Any]) -> tuple[Tensor, ...]:
    """Weight, bias, running mean and running variance of all layers."""
    return tuple(
        torch.cat([getattr(norm, name) for norm in norms])
        for name in ('weight', 'bias', 'running_mean', 'running_var')
    )


def _normalise(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    mean: Tensor,
    var: Tensor,
    norm: Any,
) -> Tensor:
    """Training-mode batch norm of (C, ...); updates ``mean`` and ``var``.

    A group norm with one channel per group and one sample is a batch norm,
    and its CPU kernel is four to six times faster.
    """
    C = x.size(0)
    L = x.numel() // C
    if L == 1:
        raise ValueError(
            'Expected more than 1 value per channel when '
            f'training, got input size {tuple(x.shape)}'
        )
    out, batch_mean, rstd = torch.native_group_norm(
        x, weight, bias, 1, C, L, C, norm.eps
    )
    with torch.no_grad():
        biased = (rstd[0].to(var).pow(-2) - norm.eps).clamp_(min=0)
        mean.lerp_(batch_mean[0].to(mean), norm.momentum)
        var.lerp_(biased * (L / (L - 1)), norm.momentum)
    return out


def _reshape_for_inplace(out: Tensor, shape: torch.Size) -> Tensor:
    """Reshape a result that nothing else holds.

    Autograd copies a whole tensor several times when a view of it is changed
    in place, as by the activation that follows.
    """
    if out.requires_grad and not is_traced():
        return torch.ops.aten._unsafe_view(out, shape)
    return out.view(shape)


@torch.no_grad()
def _store_statistics(norms: Sequence[Any], mean: Tensor, var: Tensor) -> None:
    """Hand each layer its part of the joint running statistics."""
    widths = [norm.num_features for norm in norms]
    for norm, m, v in zip(norms, mean.split(widths), var.split(widths)):
        norm.running_mean.copy_(m)
        norm.running_var.copy_(v)
        norm.num_batches_tracked.add_(1)


def rectify(x: Tensor) -> Tensor:
    """ReLU, in place where nothing is compiled or exported.

    A compiler would keep a mask of bools for the backward pass, and fuse
    its writing and reading into the neighbouring batch norms, which on a CPU
    then take up to ten times as long. See :class:`SignRectifier`.

    Args:
        x (Tensor): A tensor that nobody else needs.

    Returns:
        Tensor: ``max(x, 0)``.
    """
    if is_traced() and torch.is_grad_enabled() and x.requires_grad:
        return SignRectifier.apply(x)
    return torch.relu_(x)


class SignRectifier(torch.autograd.Function):
    """ReLU whose backward pass reads its output alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Rectify ``x``."""
        y = torch.relu(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """Gradient where the output is positive, zero elsewhere."""
        (y,) = ctx.saved_tensors
        return grad * y.sign()
