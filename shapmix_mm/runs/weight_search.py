"""Weights of streams that are best on held-out samples."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

from rich.progress import track

from shapmix_mm.evaluation import grouped_accuracy

from .score_fusion import fuse
from .stream_alignment import Streams

__all__ = ['check_disjoint', 'search_weights', 'weight_grid']

_MOST = 5000


def search_weights(
    held_out: Streams, *, by: str = 'mean_class', steps: int = 10
) -> tuple[tuple[float, ...], float]:
    """Try all weights on a grid.

    Args:
        held_out (Streams): Samples that no reported figure rests on.
        by (str): ``'mean_class'`` or ``'overall'`` accuracy. Defaults to
            'mean_class', since a part of a training set is as long-tailed.
        steps (int): Weights are multiples of 1 / steps that sum to 1.
            Defaults to 10.

    Returns:
        tuple[tuple[float, ...], float]: Weights, and the accuracy that they
        have on these samples. Of equal ones the most even are taken.

    Raises:
        ValueError: If ``by`` is neither, or the grid is empty or too large.
    """
    if by not in ('mean_class', 'overall'):
        raise ValueError(f"by should be 'mean_class' or 'overall', got {by!r}")
    grid = list(weight_grid(len(held_out.scores), steps))
    # The earliest of the best stays.
    grid.sort(key=lambda weights: sum(w * w for w in weights))
    found, best = grid[0], -1.0
    for weights in track(grid, 'weights', transient=True):
        fused = fuse(held_out.scores, weights)
        found_here = grouped_accuracy(fused, held_out.labels, topk=(1,))
        value = getattr(found_here, by)
        if value > best:
            found, best = weights, value
    return tuple(w / steps for w in found), best


def weight_grid(streams: int, steps: int) -> Iterator[tuple[int, ...]]:
    """All ways to share a number of steps among streams.

    Args:
        streams (int): Number of streams.
        steps (int): Sum of each tuple.

    Yields:
        tuple[int, ...]: Steps of each stream, 0 included.

    Raises:
        ValueError: If there are too many to try, or no step.
    """
    if steps < 1:
        raise ValueError(f'steps should be a positive integer, got {steps}')
    number = comb(steps + streams - 1, streams - 1)
    if number > _MOST:
        raise ValueError(
            f'{streams} streams in steps of 1/{steps} make {number} weights '
            f'to try, more than {_MOST}; take fewer steps or streams'
        )
    for bars in combinations(range(steps + streams - 1), streams - 1):
        ends = (-1, *bars, steps + streams - 1)
        yield tuple(b - a - 1 for a, b in zip(ends, ends[1:]))


def check_disjoint(held_out: Streams, reported: Streams) -> None:
    """Refuse to search weights on samples that are reported.

    Args:
        held_out (Streams): Samples of the search.
        reported (Streams): Samples of the figures.

    Raises:
        ValueError: If a sample is in both, or the classes differ.
    """
    shared = sorted(set(held_out.names or ()) & set(reported.names or ()))
    if shared:
        raise ValueError(
            f'{len(shared)} held-out samples are among the results, '
            f'{shared[0]!r} the first; weights are never searched on what is '
            'reported'
        )
    sizes = held_out.scores.shape[2], reported.scores.shape[2]
    if sizes[0] != sizes[1]:
        raise ValueError(
            f'held-out results have {sizes[0]} classes, the others {sizes[1]}'
        )
