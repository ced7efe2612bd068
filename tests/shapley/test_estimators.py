"""Every estimator is unbiased for Eq. 2 and plans what it promises."""

from math import comb

import numpy as np
import pytest
import torch
from scipy import stats

from shapmix_mm.shapley import (
    ESTIMATORS,
    combination_parts,
    exact_shapley,
    get_estimator,
    sum_by_class,
)

CASES = [
    (parts, sizes)
    for parts, sizes in (
        (3, (1, 2)),
        (4, (2,)),
        (5, (2, 3)),
        (6, (1, 4)),
        (7, (2, 3)),
        (8, (3,)),
    )
]


def planned(name, parts, sizes, num=4000, seed=0):
    estimator = get_estimator(name, parts, sizes)
    if name == 'marginal':
        # One draw for all samples, so that many plans make many draws.
        plans = [
            estimator.plan(1, generator=torch.Generator().manual_seed(s))
            for s in range(seed * num, (seed + 1) * num)
        ]
    else:
        plans = [
            estimator.plan(num, generator=torch.Generator().manual_seed(seed))
        ]
    rows = []
    for plan in plans:
        for n in range(len(plan)):
            for up, low, column in zip(
                plan.upper[n].tolist(),
                plan.lower[n].tolist(),
                plan.columns[n].tolist(),
            ):
                masks = plan.coalitions[n].tolist()
                rows.append((column, masks[up], masks[low]))
    return rows


@pytest.mark.parametrize('parts, sizes', CASES)
@pytest.mark.parametrize('name', ESTIMATORS)
def test_each_contribution_adds_just_its_combination(name, parts, sizes):
    combinations = combination_parts(parts, sizes)
    rows = planned(name, parts, sizes, num=300)
    for column, upper, lower in rows:
        block = sum(1 << p for p in combinations[column])
        assert upper == lower | block and not lower & block
    assert {column for column, _, _ in rows} == set(range(len(combinations)))


@pytest.mark.parametrize('parts, sizes', CASES[:3] + CASES[-1:])
@pytest.mark.parametrize('name', ESTIMATORS)
def test_coalitions_follow_the_weights_of_eq_2(name, parts, sizes):
    """Chi-square over (b, r), given how often each b was drawn."""
    if parts == 8:
        sizes = (7,)
    combinations = combination_parts(parts, sizes)
    rows = planned(name, parts, sizes)
    observed, expected = [], []
    for column, members in enumerate(combinations):
        block = sum(1 << p for p in members)
        lowers = [low for c, _, low in rows if c == column]
        others = parts - len(members)
        for coalition in range(2**parts):
            if coalition & block:
                continue
            size = bin(coalition).count('1')
            observed.append(lowers.count(coalition))
            expected.append(len(lowers) / ((others + 1) * comb(others, size)))
    # Blocks of one order share prefixes; that inflates the statistic less
    # than the factor that a wrong law would.
    free = len(observed) - len(combinations)
    statistic = stats.chisquare(observed, expected, sum_check=False).statistic
    assert stats.chi2.sf(statistic / 1.5, free) > 1e-3


@pytest.mark.parametrize('parts, sizes', CASES)
@pytest.mark.parametrize('name', ESTIMATORS)
def test_mean_contribution_is_the_exact_value(name, parts, sizes):
    worths = torch.rand(
        2**parts,
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(parts),
    )
    exact = exact_shapley(worths, parts, sizes).numpy()
    samples = [[] for _ in exact]
    for column, upper, lower in planned(name, parts, sizes, seed=1):
        samples[column].append(float(worths[upper] - worths[lower]))
    scores = [
        (np.mean(s) - e) / max(stats.sem(s), 1e-12)
        for s, e in zip(samples, exact)
    ]
    # Each |z| < 4.5 fails one seed in a thousand for 60 combinations.
    assert np.abs(scores).max() < 4.5


def test_permutation_reads_seven_contributions_from_six_worths():
    plan = get_estimator('permutation', 5).plan(3)
    assert plan.coalitions.shape == (3, 6) and plan.columns.shape == (3, 7)
    assert (plan.coalitions[:, 0] == 0).all()
    assert (plan.coalitions[:, -1] == 31).all()
    worths = torch.rand(3, 6)
    values = plan.contributions(worths)
    n, e = 2, 4
    assert values[n, e] == (
        worths[n, plan.upper[n, e]] - worths[n, plan.lower[n, e]]
    )
    rest = plan.take(torch.tensor([2, 0]))
    assert torch.equal(rest.coalitions, plan.coalitions[[2, 0]])
    assert torch.equal(rest.contributions(worths[[2, 0]]), values[[2, 0]])


def test_contributions_to_the_empty_coalition():
    plan = get_estimator('permutation', 5).plan(6).from_empty()
    worths = torch.rand(32)
    values = plan.contributions(worths[plan.coalitions])
    combinations = combination_parts(5)
    for n in range(6):
        for e, column in enumerate(plan.columns[n].tolist()):
            block = sum(1 << p for p in combinations[column])
            assert values[n, e] == worths[block] - worths[0]


@pytest.mark.parametrize('name', ESTIMATORS)
def test_equal_generators_draw_the_same(name):
    one, two, three = (
        get_estimator(name, 5).plan(
            64, generator=torch.Generator().manual_seed(seed)
        )
        for seed in (5, 5, 6)
    )
    assert torch.equal(one.coalitions, two.coalitions)
    assert not torch.equal(one.coalitions, three.coalitions)


def test_sums_by_class_equal_a_loop():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(9, 4))
    label, columns = rng.integers(3, size=9), rng.integers(6, size=(9, 4))
    total, count = np.zeros((3, 6)), np.zeros((3, 6))
    for n in range(9):
        for e in range(4):
            total[label[n], columns[n, e]] += values[n, e]
            count[label[n], columns[n, e]] += 1
    sums = sum_by_class(
        torch.from_numpy(values),
        torch.from_numpy(label),
        torch.from_numpy(columns),
        (3, 6),
    )
    np.testing.assert_allclose(sums[0], total)
    np.testing.assert_array_equal(sums[1], count)


def test_sums_leave_out_what_is_not_finite():
    values = torch.tensor(
        [[1.0, torch.nan, 2.0], [torch.inf, 4.0, -torch.inf]]
    )
    columns = torch.tensor([[0, 1, 1], [0, 0, 1]])
    sums = sum_by_class(values, torch.tensor([1, 1]), columns, (2, 2))
    assert sums.tolist() == [[[0, 0], [5, 2]], [[0, 0], [2, 1]]]


def test_unknown_names_and_sizes_are_answered_with_the_known():
    with pytest.raises(
        ValueError, match='marginal, marginal_per_sample, permutation'
    ):
        get_estimator('montecarlo', 5)
    with pytest.raises(ValueError, match=r'1\.\.4'):
        get_estimator('permutation', 5, (2, 5))


@pytest.mark.parametrize('name', ['marginal', 'marginal_per_sample'])
def test_each_combination_is_drawn_alike(name):
    rows = planned(name, 5, (2, 3))
    drawn = np.bincount([column for column, _, _ in rows], minlength=20)
    assert stats.chisquare(drawn).pvalue > 1e-3
