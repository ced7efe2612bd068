"""Random coalitions whose mean marginal contribution is Eq. 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import torch

from .coalitions import combination_masks

__all__ = ['Draw', 'draw_marginal']


@dataclass(frozen=True)
class Draw:
    """One combination b and one coalition r of other parts.

    Args:
        index (int): Column of b in the saliency table.
        block (int): Bit mask of b.
        coalition (int): Bit mask of r; it shares no part with b.
    """

    index: int
    block: int
    coalition: int


def draw_marginal(
    num_parts: int,
    sizes: Sequence[int] = (2, 3),
    *,
    generator: torch.Generator | None = None,
) -> Draw:
    """Draw b uniformly and r by the law that Eq. 2 averages over.

    The weight ``1 / ((n + 1) comb(n, |r|))`` of Eq. 2, with n the number of
    parts outside b, is a uniform size followed by a uniform subset of that
    size. A single marginal contribution is therefore an unbiased estimate of
    the value.

    Args:
        num_parts (int): P, the number of body parts.
        sizes (Sequence[int]): Combination sizes. Defaults to (2, 3).
        generator (torch.Generator, optional): CPU generator, so that ranks
            that share its seed draw the same. Defaults to torch's own.

    Returns:
        Draw: The combination and the coalition.
    """
    masks = combination_masks(num_parts, sizes)
    index = int(torch.randint(len(masks), (), generator=generator))
    block = int(masks[index])
    others = [p for p in range(num_parts) if not block >> p & 1]
    size = int(torch.randint(len(others) + 1, (), generator=generator))
    order = torch.randperm(len(others), generator=generator).tolist()
    coalition = sum(1 << others[i] for i in order[:size])
    return Draw(index=index, block=block, coalition=coalition)
