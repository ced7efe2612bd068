"""A replay spends its budget and comes close to the exact values."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from shapmix_mm.shapley import combination_parts

BENCHMARK = Path(__file__).resolve().parents[3] / 'tools/benchmark'
sys.path.insert(0, str(BENCHMARK))
try:
    module = importlib.import_module('saliency_replay')
finally:
    sys.path.remove(str(BENCHMARK))
FrozenModel, Scheme = module.FrozenModel, module.Scheme
replay = module.replay


@pytest.fixture
def frozen():
    """Forty samples of three classes, and a class without any."""
    generator = torch.Generator().manual_seed(0)
    label = torch.tensor([0] * 25 + [1] * 10 + [3] * 5)
    worths = torch.rand(4, 32, generator=generator)[label]
    worths = worths + 0.02 * torch.rand(40, 32, generator=generator)
    presence = torch.ones(40, 1, 2, dtype=torch.bool)
    return FrozenModel(worths, label, 4, presence)


def test_exact_values_equal_the_average_over_all_orders(frozen):
    """Eq. 2 spelt out: b as one player among the other parts."""
    from itertools import permutations

    exact = frozen.exact((2,))
    mean = frozen.worths[frozen.label == 1].double().mean(0).numpy()
    for column, parts in enumerate(combination_parts(5, (2,))):
        block = sum(1 << p for p in parts)
        players = [1 << p for p in range(5) if p not in parts]
        gains = []
        for order in permutations([block, *players]):
            before = sum(order[: order.index(block)])
            gains.append(mean[before | block] - mean[before])
        assert float(exact[1, column]) == pytest.approx(np.mean(gains))
    assert exact[2].isnan().all()


@pytest.mark.parametrize(
    'scheme, passes_per_update',
    [
        (Scheme('perm', 'permutation', 'recent'), 5 + 1 / 8),
        (Scheme('half', 'permutation', 'recent', share=0.5), 2.5 + 1 / 8),
    ],
)
def test_passes_are_counted_as_the_hook_counts_them(
    frozen, scheme, passes_per_update
):
    budgets = (10, 100)
    for budget, table in zip(
        budgets, replay(frozen, scheme, passes=budgets, batch_size=8)
    ):
        assert table.steps == np.ceil(budget / passes_per_update)


@pytest.mark.parametrize(
    'estimator', ['marginal', 'marginal_per_sample', 'permutation']
)
def test_error_against_exact_falls_with_the_passes(frozen, estimator):
    scheme = Scheme('x', estimator, 'recent')
    exact = frozen.exact((2, 3))
    known = ~exact.isnan()
    errors = [
        float((table.values - exact)[known].square().mean().sqrt())
        for table in replay(
            frozen, scheme, passes=(200, 5000), batch_size=8, seed=1
        )
    ]
    assert errors[1] < 0.6 * errors[0] and errors[1] < 0.1


def test_gradcam_averages_what_it_is_given(frozen):
    from dataclasses import replace

    cam = torch.rand(40, 20)
    frozen = replace(frozen, gradcam=cam)
    scheme = Scheme('cam', 'gradcam', momentum=0.0)
    (table,) = replay(frozen, scheme, passes=[1], batch_size=40)
    for label in (0, 1, 3):
        mean = cam[frozen.label == label].mean(0)
        torch.testing.assert_close(table.values[label], mean)


def test_equal_seeds_replay_the_same(frozen):
    scheme = Scheme('m', 'marginal')
    tables = [
        next(replay(frozen, scheme, passes=[40], seed=s)).values
        for s in (3, 3, 4)
    ]
    assert torch.equal(tables[0], tables[1])
    assert not torch.equal(tables[0], tables[2])
