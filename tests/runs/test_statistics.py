"""Means, intervals and tests against numpy and values from tables."""

import math

import numpy as np
import pytest
from scipy import stats

from shapmix_mm.runs.statistics import (
    compare,
    critical_difference,
    holm,
    interval,
    joint,
    mean_ranks,
)


def test_interval_of_three_seeds():
    found = interval([10.0, 20.0, 30.0])
    # t of 2 degrees of freedom is 4.302653.
    half = 4.302653 * np.std([10, 20, 30], ddof=1) / math.sqrt(3)
    assert (len(found.values), found.mean) == (3, 20.0)
    assert found.half == pytest.approx(half, rel=1e-6)


def test_one_value_has_no_interval_and_none_no_mean():
    assert interval([7.0]).half is None
    assert interval([]) is None


def test_paired_t_over_the_seeds_of_both():
    own, other = {0: 5.0, 1: 7.0, 2: 9.5, 9: 50.0}, {2: 8.0, 1: 6.0, 0: 3.0}
    found = compare(own, other)
    differences = np.array([2.0, 1.0, 1.5])
    assert found.difference.values == tuple(differences)
    t = differences.mean() / (differences.std(ddof=1) / math.sqrt(3))
    # With 2 degrees of freedom the two-sided p has a closed form.
    assert found.p == pytest.approx(1 - t / math.sqrt(t * t + 2))


def test_what_cannot_be_tested_has_no_p():
    assert compare({0: 1.0}, {1: 1.0}) is None
    assert compare({0: 3.0}, {0: 1.0}).p is None
    assert compare({0: 3.0, 1: 2.0}, {0: 2.0, 1: 1.0}).p is None


def test_equal_differences_have_no_p_whatever_their_rounding():
    """Five clips of 430 more with each seed."""
    other = {0: 100 * 350 / 430, 1: 100 * 361 / 430, 2: 100 * 377 / 430}
    own = {0: 100 * 355 / 430, 1: 100 * 366 / 430, 2: 100 * 382 / 430}
    found = compare(own, other)
    assert len(set(found.difference.values)) > 1, 'no rounding to be seen'
    assert (found.p, found.difference.half) == (None, 0.0)
    together = joint([found.difference.values, [2.0, 2.0]])
    assert together.p is None and together.low == together.high


def test_folds_widen_interval_and_test():
    values = [4.0, 1.0, 2.5, 3.0, 0.5]
    scale = math.sqrt(np.var(values, ddof=1) * (1 / 5 + 1 / 4))
    t = np.mean(values) / scale
    found = compare(
        dict(enumerate(values)), dict.fromkeys(range(5), 0.0), 0.25
    )
    assert found.difference.half == pytest.approx(2.776445 * scale)
    assert found.p == pytest.approx(2 * stats.t.sf(t, 4))
    # A dataset without folds beside it.
    other = [1.0, 2.0, 6.0]
    errors = [scale**2, np.var(other, ddof=1) / 3]
    freedom = sum(errors) ** 2 / (errors[0] ** 2 / 4 + errors[1] ** 2 / 2)
    half = stats.t.ppf(0.975, freedom) * math.sqrt(sum(errors)) / 2
    both = joint([values, other], [0.25, 0.0])
    assert both.high - both.mean == pytest.approx(half)
    assert (both.n, both.sets) == (8, 2)


@pytest.mark.parametrize('folds', [5, 10])
def test_the_interval_of_folds_covers_the_true_mean(folds):
    """Of values that correlate by the share of the samples that test."""
    rng = np.random.default_rng(0)
    share, hits, plain = 1 / folds, 0, 0
    for _ in range(2000):
        common = rng.normal() * math.sqrt(share)
        values = 3 + common + rng.normal(size=folds) * math.sqrt(1 - share)
        found = interval(values, 1 / (folds - 1))
        hits += abs(found.mean - 3) <= found.half
        plain += abs(found.mean - 3) <= interval(values).half
    assert 0.935 < hits / 2000 < 0.965
    assert plain / 2000 < 0.88


def test_holm():
    assert holm([0.01, None, 0.04, 0.03]) == pytest.approx(
        [0.03, None, 0.06, 0.06]
    )
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_datasets_count_alike_whatever_their_seeds():
    found = joint([[1.0, 3.0], [5.0, 6.0, 7.0, 6.0], [9.0]])
    # Squared standard errors 1 and 1/6, of 1 and 3 degrees of freedom:
    # (7/6)^2 / (1 + 1/108) = 1.3486 of both together.
    half = stats.t.ppf(0.975, 147 / 109) * math.sqrt(7 / 6) / 2
    assert (found.mean, found.n, found.sets) == (4.0, 6, 2)
    assert found.low == pytest.approx(4 - half)
    assert found.high == pytest.approx(4 + half)
    assert joint([[1.0, 3.0], [5.0]]) is None


def test_two_datasets_are_compared_as_by_welch():
    first, second = [0.5, 2.0, 1.0], [3.0, -1.0, 4.0, 2.5]
    found = joint([first, second])
    # That their mean is zero says that one is minus the other.
    welch = stats.ttest_ind(first, np.negative(second), equal_var=False)
    interval = welch.confidence_interval()
    assert found.p == pytest.approx(welch.pvalue)
    assert found.low == pytest.approx(interval.low / 2)
    assert found.high == pytest.approx(interval.high / 2)


def test_datasets_without_any_spread_have_no_p():
    found = joint([[1.0, 1.0], [3.0, 3.0]])
    assert (found.mean, found.low, found.high) == (2.0, 2.0, 2.0)
    assert found.p is None


def test_the_joint_interval_covers_the_true_mean_with_two_seeds():
    rng = np.random.default_rng(1)
    cells = ((1, 1.5, 8), (3, 2, 2), (2, 3, 3))
    hits = 0
    for _ in range(1000):
        found = joint([rng.normal(*cell) for cell in cells])
        hits += found.low <= 2 <= found.high
    # The law is an approximation; too narrow would be wrong.
    assert hits >= 940


def test_mean_ranks_with_a_tie():
    blocks = np.array([[70.0, 80.0, 60.0], [70.0, 70.0, 90.0]])
    assert mean_ranks(blocks).tolist() == [2.25, 1.75, 2.0]


def test_critical_difference_of_published_tables():
    # Demsar 2006, Table 5a: q is 2.569 for 4 and 3.102 for 9 methods.
    assert critical_difference(4, 14) == pytest.approx(
        2.569 * math.sqrt(4 * 5 / (6 * 14)), abs=1e-3
    )
    assert critical_difference(9, 30) == pytest.approx(
        3.102 * math.sqrt(9 * 10 / (6 * 30)), abs=1e-3
    )
