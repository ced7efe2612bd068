"""Warm-up in passes over the data, counted in iterations."""

from __future__ import annotations

from typing import Any

from mmengine.dataset import RepeatDataset
from mmengine.runner import Runner

__all__ = ['warmup_iters']


def warmup_iters(runner: Runner, epochs: float) -> int:
    """Number of iterations in a number of passes over the training data.

    An epoch of a ``RepeatDataset`` is several passes, so that "5 epochs" of
    a stock config that repeats five times would last for a third of its
    training.

    Args:
        runner (Runner): The runner.
        epochs (float): Passes over the data.

    Returns:
        int: Iterations, at least ``epochs`` passes.

    Raises:
        ValueError: If the warm-up would last as long as the training.
    """
    loader = runner.train_dataloader
    times, dataset = 1, loader.dataset
    while isinstance(dataset, RepeatDataset):
        times, dataset = times * dataset.times, dataset.dataset
    iters = round(epochs * len(loader) / times)
    total: Any = runner.max_iters
    if iters >= total > 0 and epochs:
        raise ValueError(
            f'warmup_epochs={epochs} are {iters} iterations, and the '
            f'training has only {total}; shorten the warm-up'
        )
    return iters
