"""Profiles: exact counts, and what is refused."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapmix_mm.datasets.longtail_profile import (
    class_order,
    exp_counts,
    largest_fit,
    profile_counts,
    step_counts,
)


@pytest.mark.parametrize(
    ('n_max', 'imbalance', 'num_classes', 'total', 'groups'),
    [
        (600, 100, 60, 7892, (23, 21, 16)),
        (600, 10, 60, 14142, (46, 14, 0)),
        (600, 100, 120, 15600, (47, 41, 32)),
        (600, 50, 120, 18137, (55, 49, 16)),
        (600, 10, 120, 28182, (93, 27, 0)),
        (400, 100, 120, 10378, (36, 42, 42)),
    ],
)
def test_published_sizes(n_max, imbalance, num_classes, total, groups):
    counts = exp_counts(n_max, imbalance, num_classes)
    many = sum(n > 100 for n in counts)
    few = sum(n < 20 for n in counts)
    assert sum(counts) == total
    assert (many, num_classes - many - few, few) == groups


@settings(max_examples=150, deadline=None)
@given(
    n_max=st.integers(1, 5000),
    imbalance=st.integers(1, 1000),
    num_classes=st.integers(2, 40),
    data=st.data(),
)
def test_exp_agrees_with_exact_arithmetic(n_max, imbalance, num_classes, data):
    k = data.draw(st.integers(0, num_classes - 1))
    with localcontext() as context:
        context.prec = 60
        exponent = Decimal(k) / Decimal(num_classes - 1)
        exact = Decimal(n_max) / Decimal(imbalance) ** exponent
        expected = int(exact + Decimal('1e-40'))
    assert exp_counts(n_max, imbalance, num_classes)[k] == expected


@settings(max_examples=100, deadline=None)
@given(
    n_max=st.integers(1, 5000),
    imbalance=st.floats(1, 1000),
    num_classes=st.integers(1, 50),
)
def test_counts_fall_from_n_max(n_max, imbalance, num_classes):
    for rule in (exp_counts, step_counts):
        counts = rule(n_max, imbalance, num_classes)
        assert len(counts) == num_classes
        assert counts[0] == n_max
        assert counts == sorted(counts, reverse=True)
    assert exp_counts(n_max, 1, num_classes) == [n_max] * num_classes


def test_last_class_is_not_lost_to_rounding():
    # 49 * (1 / 49) is 0.9999999999999999 in floating point.
    assert int(49 * (1 / 49)) == 0
    assert exp_counts(49, 49, 4)[-1] == 1
    assert step_counts(49, 49, 4) == [49, 49, 1, 1]


def test_one_and_two_classes():
    assert exp_counts(7, 100, 1) == [7]
    assert step_counts(7, 100, 1) == [7]
    assert exp_counts(70, 10, 2) == [70, 7]
    assert step_counts(70, 10, 2) == [70, 7]


def test_step_with_odd_number_of_classes():
    assert step_counts(30, 10, 5) == [30, 30, 30, 3, 3]


@pytest.mark.parametrize('imbalance', [0.99, 0, -3, float('nan'), 1e400])
def test_imbalance_below_one_or_not_finite(imbalance):
    with pytest.raises(ValueError, match='imbalance should be a finite'):
        exp_counts(10, imbalance, 3)


def test_wrong_types():
    with pytest.raises(TypeError, match="imbalance .* '100'"):
        exp_counts(10, '100', 3)
    with pytest.raises(TypeError, match='n_max should be an integer'):
        exp_counts(10.5, 10, 3)
    with pytest.raises(ValueError, match='n_max should be at least 1'):
        exp_counts(0, 10, 3)


def test_class_orders():
    available = [5, 9, 5, 7]
    assert class_order('native', available) == [0, 1, 2, 3]
    assert class_order('descending', available) == [1, 3, 0, 2]
    assert class_order([3, 0, 2, 1], available) == [3, 0, 2, 1]
    with pytest.raises(ValueError, match='3 classes where the data have 4'):
        class_order([0, 1, 2], available)
    with pytest.raises(ValueError, match='each class 0..3 once'):
        class_order([0, 1, 2, 2], available)
    with pytest.raises(ValueError, match="'native', 'descending' or a list"):
        class_order('ascending', available)


def test_places_go_to_the_ordered_classes():
    counts = profile_counts(
        'exp', [100] * 3, imbalance=100, n_max=100, order=[2, 0, 1]
    )
    assert counts == [10, 1, 100]
    counts = profile_counts(
        'counts', [4, 9, 6], counts=[5, 3, 1], order='descending'
    )
    assert counts == [1, 5, 3]


@settings(max_examples=60, deadline=None)
@given(
    available=st.lists(st.integers(1, 300), min_size=1, max_size=12),
    imbalance=st.integers(1, 60),
    profile=st.sampled_from(['exp', 'step']),
)
def test_largest_fit_by_brute_force(available, imbalance, profile):
    rule = exp_counts if profile == 'exp' else step_counts
    fitting = [
        n
        for n in range(1, available[0] + 1)
        if all(
            c <= a
            for c, a in zip(rule(n, imbalance, len(available)), available)
        )
    ]
    assert largest_fit(profile, imbalance, available) == max(fitting)


def test_default_n_max_leaves_no_class_short():
    available = [98, 99, 101, 40]
    counts = profile_counts('exp', available, imbalance=20, order='descending')
    assert counts[2] == 101
    assert all(n <= a for n, a in zip(counts, available))


def test_profiles_that_do_not_go_with_the_data():
    with pytest.raises(ValueError, match='2 entries where the data have 3'):
        profile_counts('counts', [5, 5, 5], counts=[1, 1])
    with pytest.raises(ValueError, match=r'counts\[1\] should be at least 1'):
        profile_counts('counts', [5, 5], counts=[1, 0])
    with pytest.raises(ValueError, match='needs counts'):
        profile_counts('counts', [5, 5])
    with pytest.raises(ValueError, match='leaves class 0 without samples'):
        profile_counts('exp', [9, 9], n_max=9, imbalance=10, order=[1, 0])
    with pytest.raises(ValueError, match="'exp', 'step' or 'counts'"):
        profile_counts('linear', [5, 5])
