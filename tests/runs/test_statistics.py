"""Means, intervals and tests against numpy and values from tables."""

import math

import numpy as np
import pytest

from shapmix_mm.runs.statistics import compare, holm, interval


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
