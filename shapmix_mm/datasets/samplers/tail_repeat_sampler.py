"""Repeat the samples of the rarest third of the classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import DATA_SAMPLERS

from shapmix_mm.arguments import Fraction

from .class_balanced_sampler import ClassBalancedSampler

__all__ = ['TailRepeatSampler']


@DATA_SAMPLERS.register_module()
class TailRepeatSampler(ClassBalancedSampler):
    """Partial over-sampling: rare classes up to the largest, others once.

    The classes are put in the order of their counts; those of the last third
    (from place 2 * (K // 3) on) are repeated n_max / n_k times: whole copies,
    and for the fraction a random part without replacement. The third in the
    middle is then the rarest, as published: on LT-NTU-60 classes 40 to 59
    have about 600 samples, class 39 keeps 28. Source: Liu et al., Balanced
    Representation Learning for Long-tailed Skeleton-based Action
    Recognition, whose code goes by the numbers of the classes.

    Seeds, ranks and wrappers are handled as in the base class; counts are
    those of an epoch, in which a ``RepeatDataset`` has each sample several
    times.

    Args:
        dataset (Dataset): A dataset that tells its labels, or any nesting of
            mmengine's and torch's wrappers around it.
        share (float): Share of the classes, counted from the rarest, that
            are repeated: 0 for none, else at least one class. Defaults to
            1 / 3, rounded as published; others to the nearest number.
        seed (int, optional): Seed of the draws. Defaults to None: one that
            the ranks agree on.

    Raises:
        ValueError: If the dataset is empty.
        TypeError: If the dataset does not tell one label for each sample.
    """

    #: Its method weighs the classes besides, on purpose.
    balances = False

    def __init__(
        self, dataset: Any, *, share: Fraction = 1 / 3, seed: int | None = None
    ) -> None:
        super().__init__(dataset, seed=seed)
        num = len(self.classes)
        first = num - max(round(num * share), 1) if share else num
        if share == 1 / 3:
            # As published, which rounds in another way.
            first = 2 * (num // 3)
        # Ties keep the order of the class numbers.
        order = np.argsort(-self.class_counts, kind='stable')
        repeated = np.zeros(num, dtype=bool)
        repeated[order[first:]] = True
        most = self._lengths.max()
        self.multiplier = np.where(repeated, most / self._lengths, 1.0)
        copies = np.floor(self.multiplier).astype(int)
        extra = (self.multiplier - copies) * self._lengths
        self._copies = copies
        self._extra = np.floor(extra + 1e-9).astype(int)
        self.total = int((copies * self._lengths + self._extra).sum())

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw an epoch, all ranks together.

        Args:
            rng (np.random.Generator): Random numbers of this epoch.

        Returns:
            np.ndarray: Indices of the dataset, int64, shape (total,).
        """
        ends = self._lengths.cumsum()
        drawn = []
        for members, copies, extra in zip(
            np.split(self._order, ends[:-1]), self._copies, self._extra
        ):
            drawn.append(np.tile(members, copies))
            drawn.append(rng.choice(members, extra, replace=False))
        return rng.permutation(np.concatenate(drawn))
