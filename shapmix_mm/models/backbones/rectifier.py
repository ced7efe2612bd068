"""ReLU that stays fast in a compiled training step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .channel_major import is_traced


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
