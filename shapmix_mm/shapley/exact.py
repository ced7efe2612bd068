"""Exact generalised Shapley values from the worths of all coalitions."""

from __future__ import annotations

from math import comb
from typing import Sequence

import torch
from torch import Tensor

from .coalitions import combination_masks

__all__ = ['exact_shapley', 'shapley_weights']


def shapley_weights(num_parts: int, sizes: Sequence[int] = (2, 3)) -> Tensor:
    """Coefficients with which each coalition's worth enters each value.

    Eq. 2 of the paper is linear in the worths, so that all values of one
    game are one product of its worths with this matrix.

    Args:
        num_parts (int): P, the number of body parts.
        sizes (Sequence[int]): Combination sizes. Defaults to (2, 3).

    Returns:
        Tensor: float64, shape (2**P, B).
    """
    masks = combination_masks(num_parts, sizes).tolist()
    weights = torch.zeros(2**num_parts, len(masks), dtype=torch.float64)
    for column, block in enumerate(masks):
        others = num_parts - bin(block).count('1')
        for coalition in range(2**num_parts):
            if coalition & block:
                continue
            size = bin(coalition).count('1')
            weight = 1 / ((others + 1) * comb(others, size))
            weights[coalition | block, column] += weight
            weights[coalition, column] -= weight
    return weights


def exact_shapley(
    worths: Tensor, num_parts: int, sizes: Sequence[int] = (2, 3)
) -> Tensor:
    r"""Exact generalised Shapley value of every mixable combination.

    .. math:: v_b = \frac{1}{|U-b|+1} \sum_{r \subseteq U-b}
        \frac{f(r \cup b) - f(r)}{comb(|r|, |U-b|)}

    Source: Eq. 2 of Shap-Mix (IJCAI 2024). With ``sizes=(1,)`` this is the
    classic Shapley value of each part.

    Args:
        worths (Tensor): Worth of each coalition, shape (..., 2**P); entry m
            belongs to the coalition of bit mask m.
        num_parts (int): P, the number of body parts.
        sizes (Sequence[int]): Combination sizes. Defaults to (2, 3).

    Returns:
        Tensor: Shape (..., B), in the order of ``combination_masks``.

    Raises:
        ValueError: If the last dimension of ``worths`` is not 2**P.
    """
    if worths.ndim == 0 or worths.size(-1) != 2**num_parts:
        raise ValueError(
            f'worths of {num_parts} parts need a last dimension of '
            f'{2**num_parts}, got shape {tuple(worths.shape)}'
        )
    weights = shapley_weights(num_parts, sizes).to(worths)
    return worths @ weights
