"""Estimators of Eq. 2: random plans whose contributions are unbiased."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Sequence

import torch
from torch import Tensor

from .coalitions import check_sizes, combination_masks, mask_to_parts

__all__ = [
    'ESTIMATORS',
    'Estimator',
    'MarginalEstimator',
    'PerSampleEstimator',
    'PermutationEstimator',
    'Plan',
    'get_estimator',
    'sum_by_class',
]


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

    Those that are not finite are left out: one would stay in the table.

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
    finite = values.isfinite()
    sums[0].index_add_(0, entries, torch.where(finite, values, 0.0))
    sums[1].index_add_(0, entries, finite.to(values))
    return sums.unflatten(1, shape)


class Estimator(ABC):
    """What to score so that the mean contribution of b is its value.

    Plans are drawn on the CPU: ranks that share a generator's seed draw the
    same, and no draw waits for a GPU.

    Args:
        num_parts (int): P, the number of body parts.
        sizes (Sequence[int]): Combination sizes. Defaults to (2, 3).
    """

    def __init__(self, num_parts: int, sizes: Sequence[int] = (2, 3)) -> None:
        self.num_parts = num_parts
        self.sizes = check_sizes(num_parts, sizes)
        self.masks = combination_masks(num_parts, self.sizes)
        self.column = torch.full((2**num_parts,), -1)
        self.column[self.masks] = torch.arange(len(self.masks))

    @abstractmethod
    def plan(
        self, num: int, *, generator: torch.Generator | None = None
    ) -> Plan:
        """Draw the coalitions of a batch.

        Args:
            num (int): n, the number of samples.
            generator (torch.Generator, optional): CPU generator. Defaults
                to torch's own.

        Returns:
            Plan: Each contribution in it is unbiased for the value (Eq. 2)
            of its combination.
        """


class MarginalEstimator(Estimator):
    """The paper's: one combination b and one coalition r for all samples.

    The weight ``1 / ((n + 1) comb(n, |r|))`` of Eq. 2, n parts being left,
    is a uniform size followed by a uniform subset of that size. A single
    marginal contribution is therefore an unbiased estimate of the value.
    Source: Shap-Mix, Sec. 3.3, "we only sample the part combination r and b
    once to calculate the single marginal contribution at each iteration".
    """

    def plan(
        self, num: int, *, generator: torch.Generator | None = None
    ) -> Plan:
        """See :meth:`Estimator.plan`; R is 2 and E is 1."""
        drawn = torch.randint(len(self.masks), (), generator=generator)
        block = int(self.masks[drawn])
        others = [p for p in range(self.num_parts) if not block >> p & 1]
        size = int(torch.randint(len(others) + 1, (), generator=generator))
        order = torch.randperm(len(others), generator=generator).tolist()
        coalition = sum(1 << others[i] for i in order[:size])
        return _single(
            torch.full((num,), block),
            torch.full((num,), coalition),
            self.column,
        )


class PerSampleEstimator(Estimator):
    """As :class:`MarginalEstimator`, with b and r drawn for each sample."""

    def plan(
        self, num: int, *, generator: torch.Generator | None = None
    ) -> Plan:
        """See :meth:`Estimator.plan`; R is 2 and E is 1."""
        drawn = torch.randint(len(self.masks), (num,), generator=generator)
        block = self.masks[drawn]
        noise = torch.rand(num, self.num_parts, generator=generator)
        # Ranked among the other parts, so that the first |r| form r.
        noise[mask_to_parts(block, self.num_parts)] = 2.0
        rank = noise.argsort(1).argsort(1)
        others = (noise < 2.0).sum(1)
        size = torch.rand(num, generator=generator) * (others + 1)
        # The product may round up to a whole step too far.
        size = size.long().minimum(others)
        bits = 1 << torch.arange(self.num_parts)
        coalition = ((rank < size[:, None]) * bits).sum(1)
        return _single(block, coalition, self.column)


class PermutationEstimator(Estimator):
    r"""A random order of the parts for each sample, scored prefix by prefix.

    The difference of two prefixes is the contribution of the block of parts
    between them to the coalition in front of them. Given that a combination
    is such a block, its position is uniform and the parts in front are a
    uniform subset: the law that Eq. 2 averages over. P + 1 worths give the
    contribution of every contiguous block at once; five parts and blocks of
    2 and 3 parts give 7 contributions.
    """

    def __init__(self, num_parts: int, sizes: Sequence[int] = (2, 3)) -> None:
        super().__init__(num_parts, sizes)
        blocks = [
            (start, start + size)
            for size in self.sizes
            for start in range(num_parts - size + 1)
        ]
        self.lower, self.upper = torch.tensor(blocks).unbind(1)

    def plan(
        self, num: int, *, generator: torch.Generator | None = None
    ) -> Plan:
        """See :meth:`Estimator.plan`; R is P + 1."""
        noise = torch.rand(num, self.num_parts, generator=generator)
        order = noise.argsort(1)
        prefixes = torch.zeros(num, self.num_parts + 1, dtype=torch.long)
        prefixes[:, 1:] = (1 << order).cumsum(1)
        block = prefixes[:, self.upper] - prefixes[:, self.lower]
        return Plan(
            prefixes,
            self.upper.expand(num, -1),
            self.lower.expand(num, -1),
            self.column[block],
        )


ESTIMATORS: dict[str, type[Estimator]] = dict(
    marginal=MarginalEstimator,
    marginal_per_sample=PerSampleEstimator,
    permutation=PermutationEstimator,
)


def get_estimator(
    name: str, num_parts: int, sizes: Sequence[int] = (2, 3)
) -> Estimator:
    """Build an estimator by name.

    Args:
        name (str): A key of ``ESTIMATORS``.
        num_parts (int): P, the number of body parts.
        sizes (Sequence[int]): Combination sizes. Defaults to (2, 3).

    Returns:
        Estimator: The estimator.

    Raises:
        ValueError: If the name is unknown; lists the known ones.
    """
    if name not in ESTIMATORS:
        raise ValueError(
            f'unknown estimator {name!r}, known are {", ".join(ESTIMATORS)}'
        )
    return ESTIMATORS[name](num_parts, sizes)


def _single(block: Tensor, coalition: Tensor, column: Tensor) -> Plan:
    lower = torch.zeros(len(block), 1, dtype=torch.long)
    coalitions = torch.stack((coalition, coalition | block), 1)
    return Plan(coalitions, lower + 1, lower, column[block, None])


def _beside(index: Tensor, other: Tensor) -> Tensor:
    """Bring indices to another tensor's device; the host need not wait."""
    return index.to(other.device, non_blocking=True)
