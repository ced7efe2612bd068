"""Means, intervals and tests against numpy and values from tables."""

import itertools
import math

import numpy as np
import pytest

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


def test_holm():
    assert holm([0.01, None, 0.04, 0.03]) == pytest.approx(
        [0.03, None, 0.06, 0.06]
    )
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_datasets_count_alike_whatever_their_seeds():
    found = joint([[1.0, 3.0], [5.0, 6.0, 7.0, 6.0]])
    assert (found.mean, found.n) == (4.0, 6)
    assert 2.9 < found.low < 4 < found.high < 5.1
    assert joint([[1.0, 3.0], [5.0]]) is None


def test_the_sign_flip_test_against_all_signs():
    first, second = [0.5, 2.0, 1.0], [3.0, -1.0]
    weighted = np.array([*np.divide(first, 6), *np.divide(second, 4)])
    sums = np.array(
        [np.dot(s, weighted) for s in itertools.product((-1, 1), repeat=5)]
    )
    exact = np.mean(np.abs(sums) > abs(weighted.sum()) - 1e-9)
    assert joint([first, second]).p == pytest.approx(exact, abs=0.02)


def test_the_joint_interval_covers_the_true_mean():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(60):
        found = joint(
            [rng.normal(m, s, 8) for m, s in ((1, 1), (3, 2), (2, 0.5))]
        )
        hits += found.low <= 2 <= found.high
    assert hits >= 50


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
