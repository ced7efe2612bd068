"""Coalitions of body parts as bit masks: part p is bit p."""

from __future__ import annotations

from itertools import combinations
from typing import Sequence

import torch
from torch import Tensor

__all__ = [
    'check_sizes',
    'combination_masks',
    'combination_parts',
    'mask_to_parts',
]


def check_sizes(num_parts: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """Validate the sizes of the combinations that can be mixed.

    Args:
        num_parts (int): P, the number of body parts.
        sizes (Sequence[int]): Allowed numbers of parts in a combination.

    Returns:
        tuple[int, ...]: The sizes, ascending and without repeats.

    Raises:
        ValueError: If there is no size, or one outside 1..P-1: pasting no
            part or the whole body is no part-level mixture.
    """
    if num_parts < 2:
        raise ValueError(f'num_parts must be at least 2, got {num_parts}')
    if not sizes:
        raise ValueError(
            f'combination sizes must name at least one size, got {sizes!r}'
        )
    for size in sizes:
        if not isinstance(size, int) or not 1 <= size <= num_parts - 1:
            raise ValueError(
                f'combination sizes must lie in 1..{num_parts - 1} for '
                f'{num_parts} parts, got {size!r} in {tuple(sizes)}'
            )
    return tuple(sorted(set(sizes)))


def combination_parts(
    num_parts: int, sizes: Sequence[int] = (2, 3)
) -> list[tuple[int, ...]]:
    """Part combinations in table order: by size, then lexicographic.

    Args:
        num_parts (int): P, the number of body parts.
        sizes (Sequence[int]): Allowed sizes. Defaults to (2, 3).

    Returns:
        list[tuple[int, ...]]: The part indices of each combination; 20
        combinations for five parts and sizes 2 and 3.

    Examples:
        >>> combination_parts(3, (1, 2))
        [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
    """
    return [
        parts
        for size in check_sizes(num_parts, sizes)
        for parts in combinations(range(num_parts), size)
    ]


def combination_masks(num_parts: int, sizes: Sequence[int] = (2, 3)) -> Tensor:
    """Bit masks of the mixable combinations in table order.

    Args:
        num_parts (int): P, the number of body parts.
        sizes (Sequence[int]): Allowed sizes. Defaults to (2, 3).

    Returns:
        Tensor: int64, shape (B,); bit p of a mask is set if part p belongs
        to the combination.

    Examples:
        >>> combination_masks(3, (1, 2)).tolist()
        [1, 2, 4, 3, 5, 6]
    """
    return torch.tensor(
        [
            sum(1 << part for part in parts)
            for parts in combination_parts(num_parts, sizes)
        ]
    )


def mask_to_parts(masks: Tensor, num_parts: int) -> Tensor:
    """Spell bit masks out as membership.

    Args:
        masks (Tensor): int64 bit masks, any shape.
        num_parts (int): P, the number of body parts.

    Returns:
        Tensor: bool, the shape of ``masks`` and then P.

    Examples:
        >>> mask_to_parts(torch.tensor([5]), 3).tolist()
        [[True, False, True]]
    """
    bits = torch.arange(num_parts, device=masks.device)
    return (masks.unsqueeze(-1) >> bits) & 1 == 1
