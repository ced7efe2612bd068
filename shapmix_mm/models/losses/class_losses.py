"""What a sample would cost if its label were each of the classes in turn."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    'LOSS_FORMS',
    'cross_entropies',
    'margin_cross_entropies',
    'sigmoid_focal_losses',
    'softmax_focal_losses',
]


def cross_entropies(logits: Tensor, gamma: float = 0.0) -> Tensor:
    """Cross-entropy with the softmax.

    Args:
        logits (Tensor): Shape (N, K).
        gamma (float): Not used; the forms share their arguments.

    Returns:
        Tensor: Losses, shape (N, K); column k is for label k.
    """
    return -logits.log_softmax(1)


def softmax_focal_losses(logits: Tensor, gamma: float) -> Tensor:
    r"""Focal loss with the softmax, :math:`-(1 - p_k)^\gamma \log p_k`.

    Args:
        logits (Tensor): Shape (N, K).
        gamma (float): Focusing exponent, at least 0.

    Returns:
        Tensor: Losses, shape (N, K); column k is for label k.
    """
    log_total = logits.logsumexp(1, keepdim=True)
    # log(1 - p) as a sum over the others: finite gradients for gamma < 1.
    log_rest = _logsumexp_of_others(logits) - log_total
    return (gamma * log_rest).exp() * (log_total - logits)


def sigmoid_focal_losses(logits: Tensor, gamma: float) -> Tensor:
    """Focal loss with one sigmoid per class, summed over the classes.

    Args:
        logits (Tensor): Shape (N, K).
        gamma (float): Focusing exponent, at least 0.

    Returns:
        Tensor: Losses, shape (N, K); column k is for label k.
    """
    to_one, to_zero = F.softplus(-logits), F.softplus(logits)
    # 1 - sigmoid(z) is exp(-softplus(z)), without a root at zero.
    present = (-gamma * to_zero).exp() * to_one
    absent = (-gamma * to_one).exp() * to_zero
    return present - absent + absent.sum(1, keepdim=True)


def margin_cross_entropies(logits: Tensor, margins: Tensor) -> Tensor:
    """Cross-entropy after the label's own logit is lowered by its margin.

    Args:
        logits (Tensor): Shape (N, K).
        margins (Tensor): Shape (K,), in units of the logits.

    Returns:
        Tensor: Losses, shape (N, K); column k is for label k.
    """
    return F.softplus(_logsumexp_of_others(logits) - logits + margins)


def _logsumexp_of_others(logits: Tensor) -> Tensor:
    """Log of the summed exponentials without each class, shape (N, K)."""
    total = logits.logsumexp(1, keepdim=True)
    top = torch.zeros_like(logits, dtype=torch.bool)
    top.scatter_(1, logits.argmax(1, keepdim=True), True)
    # Taking one class from the total is safe unless it is the largest.
    share = (logits - total).exp().masked_fill(top, 0)
    without_top = logits.masked_fill(top, -torch.inf)
    return torch.where(
        top,
        without_top.logsumexp(1, keepdim=True),
        total + torch.log1p(-share),
    )


LOSS_FORMS = {
    'softmax': cross_entropies,
    'focal': softmax_focal_losses,
    'sigmoid_focal': sigmoid_focal_losses,
}
