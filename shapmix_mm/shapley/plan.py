"""Which coalitions of which samples to score, and what to read from them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ['Plan', 'sum_by_class']


@dataclass(frozen=True)
class Plan:
    """Coalitions of n samples, and the marginal contributions among them.

    A contribution is the worth of one scored coalition less that of another
    which lacks the parts of one combination. All tensors are int64.

    Args:
        coalitions (Tensor): Bit masks to score, shape (n, R).
        upper (Tensor): Index among the R of the coalition with the
            combination, shape (n, E).
        lower (Tensor): Index of the coalition without it, shape (n, E).
        columns (Tensor): Table column of the combination, shape (n, E).
    """

    coalitions: Tensor
    upper: Tensor
    lower: Tensor
    columns: Tensor

    def __len__(self) -> int:
        return len(self.coalitions)

    def take(self, samples: Tensor) -> Plan:
        """The plan of some of the samples.

        Args:
            samples (Tensor): Indices into the n samples, int64.

        Returns:
            Plan: Their rows, in the order given.
        """
        return Plan(
            self.coalitions[samples],
            self.upper[samples],
            self.lower[samples],
            self.columns[samples],
        )

    def from_empty(self) -> Plan:
        """The plan with every contribution made to the empty coalition.

        Returns:
            Plan: R is E + 1; biased for Eq. 2 wherever parts interact.
        """
        blocks = self.coalitions.gather(1, self.upper)
        blocks = blocks - self.coalitions.gather(1, self.lower)
        lower = torch.zeros_like(self.lower)
        upper = lower + torch.arange(1, lower.size(1) + 1)
        coalitions = torch.cat((torch.zeros_like(blocks[:, :1]), blocks), 1)
        return Plan(coalitions, upper, lower, self.columns)

    def contributions(self, worths: Tensor) -> Tensor:
        """Marginal contributions of the planned combinations.

        Args:
            worths (Tensor): Worth of each coalition, shape (n, R).

        Returns:
            Tensor: Shape (n, E).
        """
        upper = _beside(self.upper, worths)
        lower = _beside(self.lower, worths)
        return worths.gather(1, upper) - worths.gather(1, lower)


def sum_by_class(
    values: Tensor, label: Tensor, columns: Tensor, shape: tuple[int, int]
) -> Tensor:
    """Sums and numbers of contributions for each entry of a table.

    Args:
        values (Tensor): Contributions, shape (n, E).
        label (Tensor): Class of each sample, int64, shape (n,).
        columns (Tensor): Table column of each contribution, shape (n, E).
        shape (tuple[int, int]): (K, B) of the table.

    Returns:
        Tensor: Sums and counts, float64, shape (2, K, B). In float64 the sum
        over the ranks does not depend on how samples were dealt to them, to
        the precision that the table keeps.
    """
    entries = (label[:, None] * shape[1] + _beside(columns, label)).flatten()
    values = values.double().flatten()
    sums = values.new_zeros(2, shape[0] * shape[1])
    sums[0].index_add_(0, entries, values)
    sums[1].index_add_(0, entries, torch.ones_like(values))
    return sums.unflatten(1, shape)


def _beside(index: Tensor, other: Tensor) -> Tensor:
    """Bring indices to another tensor's device; the host need not wait."""
    return index.to(other.device, non_blocking=True)
