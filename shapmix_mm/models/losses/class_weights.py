"""Weights of the classes from their numbers of training samples."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ['effective_number_weights', 'inverse_frequency_weights']


def effective_number_weights(counts: Tensor, beta: float) -> Tensor:
    r"""Inverse effective numbers of samples, with mean one.

    .. math:: w_k \propto \frac{1 - \beta}{1 - \beta^{n_k}}, \quad
        \sum_k w_k = K

    Source: Cui et al., Class-Balanced Loss, CVPR 2019.

    Args:
        counts (Tensor): Positive numbers n_k of samples, shape (K,).
        beta (float): In [0, 1); 0 weighs all classes alike, towards 1 the
            weights become inverse frequencies.

    Returns:
        Tensor: Weights, float64, shape (K,).
    """
    # 1 - beta^n by itself cancels where beta is almost one.
    log_beta = math.log(beta) if beta else -math.inf
    return _mean_one(-1 / torch.expm1(counts.double() * log_beta))


def inverse_frequency_weights(counts: Tensor, power: float = 1.0) -> Tensor:
    """Powers of the inverse numbers of samples, with mean one.

    Args:
        counts (Tensor): Positive numbers n_k of samples, shape (K,).
        power (float): Exponent; 0 weighs all classes alike. Defaults to 1.0.

    Returns:
        Tensor: Weights, float64, shape (K,).
    """
    return _mean_one(counts.double() ** -power)


def _mean_one(weights: Tensor) -> Tensor:
    return weights / weights.mean()
