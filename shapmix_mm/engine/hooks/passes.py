"""Length of a pass over the training data, whatever an epoch is."""

from __future__ import annotations

from mmengine.dataset import RepeatDataset
from mmengine.runner import Runner

__all__ = ['iters_per_pass']


def iters_per_pass(runner: Runner) -> float:
    """Iterations in which each training sample comes up once.

    An epoch of a ``RepeatDataset`` is several passes.

    Args:
        runner (Runner): The runner.

    Returns:
        float: Iterations; a fraction where a pass ends within a batch.
    """
    loader = runner.train_dataloader
    times, dataset = 1, loader.dataset
    while isinstance(dataset, RepeatDataset):
        times, dataset = times * dataset.times, dataset.dataset
    return len(loader) / times
