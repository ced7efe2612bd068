"""Two samplers at once: each sample of the data, and a partner for it."""

from __future__ import annotations

import math
from typing import Iterator

import numpy as np
from mmaction.registry import DATA_SAMPLERS

from .class_balanced_sampler import ClassBalancedSampler

__all__ = ['PairedSampler']


@DATA_SAMPLERS.register_module()
class PairedSampler(ClassBalancedSampler):
    """Every sample once in an epoch, each followed by a partner.

    Even places of a batch hold the data in a random order, without
    replacement; odd places hold draws with replacement, of class k with a
    probability proportional to ``n_k ** (1 - power)``. So one loader does
    what two with samplers of their own do elsewhere; a batch of 2 N is N
    pairs, and an epoch has as many steps as one of N single samples
    (``data_variant = dict(batch=2)`` in a mixin doubles the batch).

    An epoch follows from seed and epoch alone. Pairs, not samples, are dealt
    out over the ranks, and the first are repeated until every rank has the
    same number.

    Args:
        dataset (Dataset): A dataset that tells its labels, or any nesting of
            mmengine's and torch's wrappers around it.
        power (float): Strength of the balancing of the partners, in [0, 1].
            Defaults to 1.0.
        num_samples (int, optional): Pairs in an epoch, all ranks together.
            Defaults to None: the length of the dataset.
        seed (int, optional): Seed of the draws. Defaults to None: one that
            the ranks agree on.

    Raises:
        ValueError: If an argument is out of range, or the dataset is empty.
        TypeError: If the dataset does not tell one label for each sample.
    """

    #: Its method weighs the classes besides, on purpose.
    balances = False

    def __iter__(self) -> Iterator[int]:
        """Iterate over the indices of this rank, pair by pair."""
        rng = np.random.default_rng([self.seed, self.epoch])
        once = np.resize(rng.permutation(len(self._order)), self.total)
        pairs = np.stack([once, self.draw(rng)], 1)
        padded = np.resize(pairs, (len(self) // 2 * self.world_size, 2))
        return iter(padded[self.rank :: self.world_size].ravel().tolist())

    def __len__(self) -> int:
        """Number of indices of this rank, two for each pair."""
        return 2 * math.ceil(self.total / self.world_size)
