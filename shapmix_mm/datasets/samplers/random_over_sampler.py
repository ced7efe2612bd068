"""Repeat samples of the rarer classes until all classes are as long."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from mmaction.registry import DATA_SAMPLERS

from .class_balanced_sampler import ClassBalancedSampler

__all__ = ['RandomOverSampler']


@DATA_SAMPLERS.register_module()
class RandomOverSampler(ClassBalancedSampler):
    """Random over-sampling ("ROS"; Van Hulse et al., 2007).

    The over-sampled list holds every sample, and of each rarer class as many
    random repeats as it has fewer samples than the largest class: K n_max in
    all, shuffled. Repeats are drawn anew in each epoch, where a list padded
    once would show the same ones for the whole training. n_max counts what a
    wrapper repeats: over a ``RepeatDataset`` an epoch stays several passes.

    Mind the cost: the whole list is K n_max / N times as long as the data
    (4.6 times on LT-NTU-60 at imbalance 100). ``length='dataset'`` ends the
    epoch after as many samples as the dataset has, a random part of the
    list: classes stay alike, and steps are those of other methods.

    Seeds, ranks and wrappers are handled as in the base class. Combined with
    a loss that weighs classes it would correct the imbalance twice.

    Args:
        dataset (Dataset): A dataset that tells its labels, or any nesting of
            mmengine's and torch's wrappers around it.
        length (str): Samples in an epoch, all ranks together: ``'whole'``,
            K n_max, or ``'dataset'``. Defaults to ``'whole'``.
        seed (int, optional): Seed of the draws. Defaults to None: one that
            the ranks agree on.

    Raises:
        ValueError: If the dataset is empty.
        TypeError: If the dataset does not tell one label for each sample.
    """

    def __init__(
        self,
        dataset: Any,
        *,
        length: Literal['whole', 'dataset'] = 'whole',
        seed: int | None = None,
    ) -> None:
        super().__init__(dataset, seed=seed)
        if length == 'whole':
            self.total = len(self._lengths) * int(self._lengths.max())

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw an epoch, all ranks together.

        Args:
            rng (np.random.Generator): Random numbers of this epoch.

        Returns:
            np.ndarray: Indices of the dataset, int64, shape (total,).
        """
        missing = self._lengths.max() - self._lengths
        repeats = np.repeat(np.arange(len(missing)), missing)
        every = (self._order, self.draw_members(repeats, rng))
        return rng.permutation(np.concatenate(every))[: self.total]
