"""Running saliency of every class and part combination."""

from __future__ import annotations

from typing import Sequence

import torch
from torch import Tensor, nn

from .coalitions import combination_parts

__all__ = ['SaliencyTable']


class SaliencyTable(nn.Module):
    """Exponential moving average of the values of Eq. 2.

    Both buffers are persistent float tensors, so that they are part of every
    checkpoint and survive MMAction2's ``SyncBuffersHook``, which averages
    buffers over the ranks; ranks hold equal values before it runs.

    Args:
        num_classes (int): K, the number of classes.
        num_parts (int): P, the number of body parts.
        sizes (Sequence[int]): Combination sizes. Defaults to (2, 3).
    """

    values: Tensor
    updates: Tensor

    def __init__(
        self, num_classes: int, num_parts: int, sizes: Sequence[int] = (2, 3)
    ) -> None:
        super().__init__()
        if num_classes < 1:
            raise ValueError(
                f'num_classes must be positive, got {num_classes}'
            )
        self.combinations = combination_parts(num_parts, sizes)
        shape = (num_classes, len(self.combinations))
        self.register_buffer('values', torch.zeros(shape))
        self.register_buffer('updates', torch.zeros(shape))

    @torch.no_grad()
    def update(
        self,
        totals: Tensor,
        counts: Tensor,
        *,
        momentum: float,
        columns: Sequence[int] | slice = slice(None),
    ) -> None:
        """Make one EMA step for every entry that has samples behind it.

        The first step of an entry takes the observation whole: started from
        zero, an entry of a rare class would look unimportant merely because
        it has been seen less often.

        Args:
            totals (Tensor): Summed contributions, shape (K, columns).
            counts (Tensor): Samples in each sum, shape (K, columns).
            momentum (float): Share of the old value that stays.
            columns (Sequence[int] or slice): Table columns that the
                observations belong to. Defaults to all.
        """
        values, updates = self.values[:, columns], self.updates[:, columns]
        observed = totals / counts.clamp(min=1)
        averaged = torch.lerp(observed, values, momentum)
        stepped = torch.where(updates > 0, averaged, observed)
        seen = counts > 0
        self.values[:, columns] = torch.where(seen, stepped, values)
        self.updates[:, columns] = updates + seen

    @torch.no_grad()
    def reset(self) -> None:
        """Forget all observations."""
        self.values.zero_()
        self.updates.zero_()

    def filled(self) -> Tensor:
        """Values in which an entry not yet seen takes its class's mean.

        Returns:
            Tensor: Shape (K, B); all zero for a class not seen at all.
        """
        seen = self.updates > 0
        total = torch.where(seen, self.values, 0).sum(1, keepdim=True)
        mean = total / seen.sum(1, keepdim=True).clamp(min=1)
        return torch.where(seen, self.values, mean)
