"""Groups of samples whose feature maps are composed."""

from __future__ import annotations

import math
from typing import Any, Iterator

import numpy as np
from mmaction.registry import DATA_SAMPLERS

from shapmix_mm.arguments import Chance, PositiveInt

from .class_balanced_sampler import ClassBalancedSampler

__all__ = ['CompositionSampler']


@DATA_SAMPLERS.register_module()
class CompositionSampler(ClassBalancedSampler):
    """A rare sample, samples of classes taken for its own, frequent ones.

    An epoch is a pass over the samples of the rare classes; each brings a
    group of 2 (1 + A): itself, one random sample of each of the A classes
    that the model gives the highest mean probability for its class, and 1 +
    A different samples of frequent classes. Frequent are the largest classes
    until they hold ``head_share`` of the samples. ``ConfusionHook`` tells
    what is taken for what before the first epoch; a batch should be a whole
    number of groups. Source: Chu et al., Feature Space Augmentation for
    Long-Tailed Data, ECCV 2020, by an unofficial code.

    Seeds, ranks and wrappers are handled as in the base class; groups, not
    samples, are dealt out over the ranks.

    Args:
        dataset (Dataset): A dataset that tells its labels, or any nesting of
            mmengine's and torch's wrappers around it.
        num_composed (int): A, as of ``FeatureCompositionHead``. Defaults to
            3.
        head_share (float): Share of the samples that frequent classes hold,
            the class that passes the bound included. Defaults to 0.9.
        seed (int, optional): Seed of the draws. Defaults to None: one that
            the ranks agree on.

    Raises:
        ValueError: If the dataset is empty, no class is rare, or there are
            not enough classes or frequent samples.
        TypeError: If the dataset does not tell one label for each sample.
    """

    def __init__(
        self,
        dataset: Any,
        *,
        num_composed: PositiveInt = 3,
        head_share: Chance = 0.9,
        seed: int | None = None,
    ) -> None:
        super().__init__(dataset, seed=seed)
        order = np.argsort(-self.class_counts, kind='stable')
        before = self.class_counts[order].cumsum() - self.class_counts[order]
        bound = head_share * self.class_counts.sum()
        self.head = np.zeros(len(order), dtype=bool)
        self.head[order[before < bound]] = True
        starts = self._lengths.cumsum() - self._lengths
        members = np.split(self._order, starts[1:])
        self._head = np.concatenate(
            [m for m, head in zip(members, self.head) if head]
        )
        rare = [k for k, head in enumerate(self.head) if not head]
        self._rare = np.repeat(rare, self._lengths[rare]).astype(int)
        self._rare_samples = self._order[np.repeat(~self.head, self._lengths)]
        self.num_composed = num_composed
        if not rare or len(order) <= num_composed:
            raise ValueError(
                f'{type(self).__name__} finds {len(rare)} rare classes of '
                f'{len(order)} and needs one, and more than {num_composed} '
                'classes; choose another head_share or num_composed'
            )
        if len(self._head) <= num_composed:
            raise ValueError(
                f'{type(self).__name__} needs {1 + num_composed} samples of '
                f'frequent classes, there are {len(self._head)}'
            )
        self.total = len(self._rare)
        self.confusing: np.ndarray | None = None

    def set_confusion(self, scores: np.ndarray) -> None:
        """Take over what the model takes for what.

        Args:
            scores (np.ndarray): Mean probabilities, row the true class,
                shape (K, K).
        """
        own = np.array(scores, dtype=float)[np.ix_(self.classes, self.classes)]
        np.fill_diagonal(own, -1)
        # For each class the rows with the largest probability for it.
        ranked = np.argsort(-own.T, axis=1, kind='stable')
        self.confusing = ranked[:, : self.num_composed]

    def __iter__(self) -> Iterator[int]:
        """Iterate over the indices of this rank, group by group.

        Raises:
            ValueError: If nobody has told what is taken for what.
        """
        if self.confusing is None:
            raise ValueError(
                f'{type(self).__name__} does not know which classes are '
                "taken for which; add dict(type='ConfusionHook') to "
                'custom_hooks'
            )
        rng = np.random.default_rng([self.seed, self.epoch])
        order = rng.permutation(self.total)
        others = self.draw_members(
            self.confusing[self._rare[order]].ravel(), rng
        ).reshape(self.total, -1)
        frequent = np.stack(
            [
                rng.choice(self._head, 1 + self.num_composed, replace=False)
                for _ in order
            ]
        )
        groups = np.concatenate(
            [self._rare_samples[order][:, None], others, frequent], 1
        )
        each = math.ceil(self.total / self.world_size)
        padded = np.resize(groups, (each * self.world_size, groups.shape[1]))
        return iter(padded[self.rank :: self.world_size].ravel().tolist())

    def __len__(self) -> int:
        """Number of indices of this rank, all of every group."""
        groups = math.ceil(self.total / self.world_size)
        return groups * 2 * (1 + self.num_composed)
