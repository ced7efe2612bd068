"""Whether saliency finds the parts that are known to tell a class."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

__all__ = ['ranks_first']


def ranks_first(
    values: Tensor,
    combinations: Sequence[Collection[int]],
    parts: Sequence[Collection[int]],
    seen: Tensor | None = None,
) -> list[bool]:
    """Tell whether the combination of largest value has all known parts.

    Args:
        values (Tensor): Saliency v_b of every class and combination, shape
            (K, B). NaN is passed over.
        combinations (Sequence[Collection[int]]): Parts of each combination.
        parts (Sequence[Collection[int]]): Parts known to tell each class.
        seen (Tensor, optional): bool, shape (K, B), False where nothing was
            observed; such entries are passed over. Defaults to None: all
            were.

    Returns:
        list[bool]: For each class; False where no entry is left.

    Raises:
        ValueError: If the numbers of classes or of combinations differ.
    """
    if values.shape != (len(parts), len(combinations)):
        raise ValueError(
            f'{len(parts)} classes and {len(combinations)} combinations need '
            f'as many values, got shape {tuple(values.shape)}'
        )
    known = ~values.isnan() if seen is None else seen & ~values.isnan()
    first = values.masked_fill(~known, -torch.inf).argmax(1).tolist()
    return [
        bool(any_known) and set(own) <= set(combinations[index])
        for own, index, any_known in zip(parts, first, known.any(1).tolist())
    ]
