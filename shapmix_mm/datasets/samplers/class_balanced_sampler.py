"""Draw the class first, then a sample of it."""

from __future__ import annotations

import math
from typing import Any, Iterator

import numpy as np
from mmaction.registry import DATA_SAMPLERS
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from ...arguments import Fraction, PositiveInt
from ..class_counts import distinct_labels

__all__ = ['ClassBalancedSampler']


@DATA_SAMPLERS.register_module()
class ClassBalancedSampler(Sampler):
    """Re-sampling by class, with replacement ("RS" of Shap-Mix, Table 8).

    A class is drawn with a probability proportional to ``n_k ** (1 -
    power)``, then one of its samples uniformly. ``power=1`` makes all
    classes alike, 0.5 is square-root sampling, and 0 follows the data
    (instance-balanced; Kang et al., 2020, Sec. 4.1, with q = 1 - power).
    n_k counts real samples: what a wrapper repeats counts once, but within
    its class it is drawn as often as the wrapper asks for. A class without
    samples is never drawn. Labels are read once, without loading any data.

    Every epoch is drawn anew from seed and epoch alone, the same on all
    ranks, and dealt out as mmengine's ``DefaultSampler`` does: rank r of W
    takes draws r, r + W, ..., and the first draws are repeated until every
    rank has the same number. Combined with a loss that weighs classes it
    would correct the imbalance twice.

    Args:
        dataset (Dataset): A dataset that tells its labels, or any nesting of
            mmengine's and torch's wrappers around it.
        power (float): Strength of the balancing, in [0, 1]. Defaults to 1.0.
        num_samples (int, optional): Draws in an epoch, all ranks together.
            Defaults to None: the length of the dataset.
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
        power: Fraction = 1.0,
        num_samples: PositiveInt | None = None,
        seed: int | None = None,
    ) -> None:
        labels, inverse = distinct_labels(dataset)
        if not len(inverse):
            raise ValueError(
                f'{type(self).__name__} has nothing to draw from: the '
                f'{type(dataset).__name__} is empty'
            )
        self.power = power
        self.total = len(inverse) if num_samples is None else num_samples
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self.rank, self.world_size = get_dist_info()
        self.classes, self.class_counts = np.unique(labels, return_counts=True)
        members = np.searchsorted(self.classes, labels)[inverse]
        # Indices of the dataset sorted by class, and how many each has.
        self._order = np.argsort(members, kind='stable')
        self._lengths = np.bincount(members)

    @property
    def balances(self) -> bool:
        """bool: Whether a loss that weighs classes would do it again."""
        return self.power > 0

    def class_probability(self) -> np.ndarray:
        """Probability of every class that has samples, in this epoch.

        Returns:
            np.ndarray: Shape (len(classes),), in the order of ``classes``.
        """
        weights = self.class_counts ** (1.0 - self.power)
        return weights / weights.sum()

    def draw_classes(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the class of every draw of this epoch.

        Args:
            rng (np.random.Generator): Random numbers of this epoch.

        Returns:
            np.ndarray: Positions in ``classes``, int64, shape (total,).
        """
        probability = self.class_probability()
        return rng.choice(len(probability), self.total, p=probability)

    def draw_members(
        self, drawn: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw a sample of each class drawn, uniformly.

        Args:
            drawn (np.ndarray): Positions in ``classes``, shape (n,).
            rng (np.random.Generator): Random numbers of this epoch.

        Returns:
            np.ndarray: Indices of the dataset, int64, shape (n,).
        """
        start = (self._lengths.cumsum() - self._lengths)[drawn]
        # Bounds for each draw: uniform among the indices of its class.
        return self._order[start + rng.integers(self._lengths[drawn])]

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw an epoch, all ranks together.

        Args:
            rng (np.random.Generator): Random numbers of this epoch.

        Returns:
            np.ndarray: Indices of the dataset, int64, shape (total,).
        """
        return self.draw_members(self.draw_classes(rng), rng)

    def __iter__(self) -> Iterator[int]:
        """Iterate over the indices of this rank."""
        drawn = self.draw(np.random.default_rng([self.seed, self.epoch]))
        padded = np.resize(drawn, len(self) * self.world_size)
        return iter(padded[self.rank :: self.world_size].tolist())

    def __len__(self) -> int:
        """Number of indices of this rank."""
        return math.ceil(self.total / self.world_size)

    def set_epoch(self, epoch: int) -> None:
        """Make the next iteration draw another epoch.

        Args:
            epoch (int): Number of the epoch.
        """
        self.epoch = epoch
