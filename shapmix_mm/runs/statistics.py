"""Means over seeds, their intervals, paired tests, and several datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

__all__ = [
    'Comparison',
    'Interval',
    'Joint',
    'compare',
    'critical_difference',
    'holm',
    'interval',
    'joint',
    'mean_ranks',
]

_LEVEL = 0.95
# Differences of equal accuracies differ by rounding.
_ROUNDING = 1e-9


class Interval(NamedTuple):
    """Mean of a number over seeds.

    Args:
        values (tuple[float, ...]): Value of each seed.
        mean (float): Their mean.
        half (float, optional): Half width of the 95 % t interval; None with
            one seed.
    """

    values: tuple[float, ...]
    mean: float
    half: float | None

    def text(self, sign: bool = False, digits: int = 1) -> str:
        """Write it down.

        Args:
            sign (bool): Whether a plus is written. Defaults to False.
            digits (int): Digits after the point. Defaults to 1.

        Returns:
            str: Such as ``70.1 ± 1.2``, or ``70.1`` of one seed.
        """
        mean = f'{self.mean:{"+" if sign else ""}.{digits}f}'
        half = '' if self.half is None else f' ± {self.half:.{digits}f}'
        return mean + half


class Comparison(NamedTuple):
    """A method against another, seed by seed.

    Args:
        difference (Interval): The method's value less the other's.
        p (float, optional): Two-sided p of the paired t test; None with one
            seed, or where all differences are the same.
    """

    difference: Interval
    p: float | None


class Joint(NamedTuple):
    """A method against another over several datasets, each counting alike.

    Args:
        mean (float): Mean over the datasets of the mean difference.
        low (float): Lower end of its 95 % t interval.
        high (float): Upper end.
        p (float, optional): Two-sided p; None where nothing scatters.
        n (int): Differences, of all datasets together.
        sets (int): Datasets.
    """

    mean: float
    low: float
    high: float
    p: float | None
    n: int
    sets: int


def interval(values: Sequence[float], overlap: float = 0.0) -> Interval | None:
    """Mean and half width of the 95 % t interval.

    Folds of a cross-validation share most of what they train on, and their
    mean scatters by more than that of independent values would. After Nadeau
    and Bengio (Inference for the Generalization Error, Machine Learning 52,
    2003) its variance is that of a value times 1 / n + ``overlap``.

    Args:
        values (Sequence[float]): One value per seed.
        overlap (float): Test samples of a fold by its training samples; 0
            where the seeds are no folds. Defaults to 0.

    Returns:
        Interval | None: None without values.
    """
    if not len(values):
        return None
    half = None
    if len(values) > 1:
        quantile = stats.t.ppf(0.5 + _LEVEL / 2, len(values) - 1)
        half = float(np.sqrt(_variance(values, overlap)) * quantile)
    return Interval(tuple(values), float(np.mean(values)), half)


def _variance(values: Sequence[float] | np.ndarray, overlap: float) -> float:
    """Variance of the mean of values; exactly zero where all are alike."""
    if np.ptp(values) <= _ROUNDING * max(1.0, np.abs(values).max()):
        return 0.0
    return float(np.var(values, ddof=1) * (1 / len(values) + overlap))


def compare(
    own: Mapping[int, float], other: Mapping[int, float], overlap: float = 0.0
) -> Comparison | None:
    """Compare two methods over the seeds that both have.

    Args:
        own (Mapping[int, float]): Value by seed.
        other (Mapping[int, float]): Value of the other method by seed.
        overlap (float): See :func:`interval`. Defaults to 0.

    Returns:
        Comparison | None: None if they have no seed in common.
    """
    seeds = sorted(own.keys() & other.keys())
    difference = interval([own[seed] - other[seed] for seed in seeds], overlap)
    if difference is None:
        return None
    p = None
    if len(seeds) > 1 and (scale := _variance(difference.values, overlap)):
        # The paired t test is that of the differences.
        t = abs(difference.mean) / np.sqrt(scale)
        p = float(2 * stats.t.sf(t, len(seeds) - 1))
    return Comparison(difference, p)


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Correct p values for their number, after Holm (1979).

    Args:
        ps (Sequence[float | None]): p values; None, for a test that could
            not be made, counts as none.

    Returns:
        list[float | None]: Corrected values, in the same order.
    """
    order = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    found: list[float | None] = [None] * len(ps)
    highest = 0.0
    for rank, (p, index) in enumerate(order):
        highest = max(highest, min(1.0, p * (len(order) - rank)))
        found[index] = highest
    return found


def joint(
    differences: Sequence[Sequence[float]], overlaps: Sequence[float] = ()
) -> Joint | None:
    """Compare two methods over datasets by their differences of equal seeds.

    Interval and test are those of Welch and Satterthwaite for a mean of means
    whose variances differ: seeds scatter within datasets, and a dataset of
    few seeds costs degrees of freedom. Both speak of these datasets, not of
    others like them.

    Args:
        differences (Sequence[Sequence[float]]): Differences of each dataset.
        overlaps (Sequence[float]): That of each, see :func:`interval`; none
            for 0. Defaults to ().

    Returns:
        Joint | None: None with less than two datasets of two seeds each.
    """
    pairs = zip(differences, overlaps or [0.0] * len(differences))
    kept = [(values, overlap) for values, overlap in pairs if len(values) > 1]
    if len(kept) < 2:
        return None
    mean = float(np.mean([np.mean(values) for values, _ in kept]))
    freedom = [len(values) - 1 for values, _ in kept]
    size = sum(freedom) + len(kept), len(kept)
    errors = np.array([_variance(*pair) for pair in kept])
    if not errors.any():
        return Joint(mean, mean, mean, None, *size)
    together = errors.sum() ** 2 / (errors**2 / freedom).sum()
    law = stats.t(together, mean, np.sqrt(errors.sum()) / len(kept))
    low, high = map(float, law.interval(_LEVEL))
    p = float(2 * min(law.cdf(0), law.sf(0)))
    return Joint(mean, low, high, p, *size)


def mean_ranks(blocks: np.ndarray) -> np.ndarray:
    """Average the ranks of methods over blocks, the highest value first.

    Args:
        blocks (np.ndarray): Values, shape (blocks, methods).

    Returns:
        np.ndarray: Mean rank of each method, from 1; alike values share.
    """
    return stats.rankdata(-blocks, axis=1).mean(0)


def critical_difference(methods: int, blocks: int) -> float:
    """Least distance of two mean ranks that Nemenyi's test tells apart.

    After Demsar (Statistical Comparisons of Classifiers over Multiple Data
    Sets, JMLR 2006), for 5 % over all pairs together.

    Args:
        methods (int): Number of methods.
        blocks (int): Number of blocks that the ranks are means of.

    Returns:
        float: Distance in ranks.
    """
    quantile = stats.studentized_range.ppf(_LEVEL, methods, np.inf)
    return float(
        quantile / np.sqrt(2) * np.sqrt(methods * (methods + 1) / 6 / blocks)
    )
