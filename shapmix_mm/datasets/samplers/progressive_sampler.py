"""From the data's own frequencies to balanced classes, pass by pass."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import DATA_SAMPLERS
from mmengine.dataset import InfiniteSampler, RepeatDataset
from mmengine.dist import get_world_size
from mmengine.logging import MessageHub
from torch.utils.data import DataLoader

from ...arguments import PositiveInt
from .class_balanced_sampler import ClassBalancedSampler

__all__ = ['ProgressiveSampler', 'iters_per_pass', 'passes_per_epoch']


@DATA_SAMPLERS.register_module()
class ProgressiveSampler(ClassBalancedSampler):
    """Progressively balanced sampling (Kang et al., 2020, Sec. 4.1).

    In pass t = 0, ..., T - 1 over the data a class has the probability
    ``(1 - w) n_k / N + w / K`` with ``w = t / (T - 1)``: the first pass
    follows the data, the last is class-balanced. This reading of the paper's
    t / T is that of its released code.

    An epoch over a ``RepeatDataset`` is several passes, each with its own
    probabilities. What is drawn depends on seed and epoch alone, so that a
    resumed training goes on as it would have.

    Args:
        dataset (Dataset): A dataset that tells its labels, or any nesting of
            mmengine's and torch's wrappers around it.
        max_epochs (int, optional): Epochs that the training lasts, in the
            runner's count. Defaults to None: the runner's own ``max_epochs``;
            a loop that counts iterations has none and needs it given.
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
        max_epochs: PositiveInt | None = None,
        num_samples: PositiveInt | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(dataset, num_samples=num_samples, seed=seed)
        self.max_epochs = max_epochs
        self.passes = passes_per_epoch(dataset)

    def class_probability(self, inside: int = 0) -> np.ndarray:
        """Probability of every class that has samples, in one pass.

        Args:
            inside (int): Number of the pass in this epoch. Defaults to 0.

        Returns:
            np.ndarray: Shape (len(classes),), in the order of ``classes``.

        Raises:
            ValueError: If nobody tells how long the training lasts.
        """
        last = self._max_epochs() * self.passes - 1
        done = self.epoch * self.passes + inside
        weight = min(done / last, 1.0) if last else 0.0
        counts = self.class_counts
        natural = counts / counts.sum()
        return (1 - weight) * natural + weight / len(counts)

    def draw_classes(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the class of every draw of this epoch, pass by pass.

        Args:
            rng (np.random.Generator): Random numbers of this epoch.

        Returns:
            np.ndarray: Positions in ``classes``, int64, shape (total,).
        """
        bounds = np.arange(self.passes + 1) * self.total // self.passes
        return np.concatenate(
            [
                rng.choice(
                    len(self.classes), size, p=self.class_probability(inside)
                )
                for inside, size in enumerate(np.diff(bounds))
            ]
        )

    def _max_epochs(self) -> int:
        if self.max_epochs is not None:
            return self.max_epochs
        known = MessageHub.get_current_instance().get_info('max_epochs')
        if not known:
            raise ValueError(
                'ProgressiveSampler knows the length of the training from '
                'the runner while it trains; elsewhere give max_epochs'
            )
        return int(known)


def passes_per_epoch(dataset: Any) -> int:
    """How often an epoch goes through the data.

    Args:
        dataset (Dataset): Training dataset, wrapped or not.

    Returns:
        int: Product of the repeats of the outer ``RepeatDataset`` wrappers.
    """
    times = 1
    while isinstance(dataset, RepeatDataset):
        times, dataset = times * dataset.times, dataset.dataset
    return times


def iters_per_pass(loader: DataLoader) -> float:
    """Steps of the training in which the data are seen once.

    Args:
        loader (DataLoader): Training dataloader of this rank.

    Returns:
        float: A fraction where a pass ends within a batch.
    """
    steps = len(loader) / passes_per_epoch(loader.dataset)
    if isinstance(loader.sampler, InfiniteSampler):
        # It tells the length of the data where others tell the rank's share.
        steps /= get_world_size()
    return steps
