"""Exact values against brute force, axioms and shapiq."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shapmix_mm.shapley import combination_masks, exact_shapley

SIZES = (1, 2, 3)


def game(num_parts, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2**num_parts, generator=generator, dtype=torch.float64)


def by_permutations(worths, num_parts, block):
    """Value of a block: the block walks as one player among the others."""
    others = [p for p in range(num_parts) if not block >> p & 1]
    marginal = []
    for order in permutations([*others, 'block']):
        before = sum(1 << p for p in order[: order.index('block')])
        marginal.append(worths[before | block] - worths[before])
    return sum(marginal) / len(marginal)


@pytest.mark.parametrize('num_parts', [3, 4, 5, 6])
def test_equals_brute_force_over_all_orders(num_parts):
    worths = game(num_parts, num_parts)
    sizes = tuple(s for s in SIZES if s < num_parts)
    values = exact_shapley(worths, num_parts, sizes)
    masks = combination_masks(num_parts, sizes).tolist()
    expected = [by_permutations(worths, num_parts, mask) for mask in masks]
    np.testing.assert_allclose(values, expected, atol=1e-12)


def test_equals_shapiq_generalised_shapley_value():
    shapiq = pytest.importorskip('shapiq')
    worths = game(5, 7).numpy()

    def play(coalitions):
        weights = 1 << np.arange(5)
        return worths[np.asarray(coalitions).astype(int) @ weights]

    computer = shapiq.ExactComputer(n_players=5, game=play)
    oracle = computer('SGV', order=3)
    values = exact_shapley(torch.from_numpy(worths), 5, (1, 2, 3))
    for mask, value in zip(combination_masks(5, (1, 2, 3)).tolist(), values):
        parts = tuple(p for p in range(5) if mask >> p & 1)
        assert oracle[parts] == pytest.approx(float(value), abs=1e-10)


@settings(deadline=None, max_examples=25)
@given(st.integers(3, 8), st.integers(0, 10**6))
def test_efficiency_and_linearity(num_parts, seed):
    first, second = game(num_parts, seed), game(num_parts, seed + 1)
    values = exact_shapley(first, num_parts, (1,))
    torch.testing.assert_close(values.sum(), first[-1] - first[0])
    both = exact_shapley(2 * first - second, num_parts, (1, 2))
    apart = 2 * exact_shapley(first, num_parts, (1, 2)) - exact_shapley(
        second, num_parts, (1, 2)
    )
    torch.testing.assert_close(both, apart)


@settings(deadline=None, max_examples=25)
@given(st.integers(3, 8), st.integers(0, 10**6), st.data())
def test_null_part_and_symmetry(num_parts, seed, data):
    null, one, other = data.draw(
        st.permutations(range(num_parts)).map(lambda p: p[:3])
    )
    base = game(num_parts, seed)
    worths = torch.empty_like(base)
    for mask in range(2**num_parts):
        key = mask & ~(1 << null) & ~(1 << one) & ~(1 << other)
        pair = (mask >> one & 1) + (mask >> other & 1)
        # Only how many of the two symmetric parts are in matters.
        worths[mask] = base[key] + pair * base[key | 1 << one]
    values = exact_shapley(worths, num_parts, (1,))
    assert abs(float(values[null])) < 1e-9
    assert float(values[one]) == pytest.approx(float(values[other]))


def test_batches_of_games_go_through_at_once():
    worths = torch.stack([game(5, s) for s in range(6)]).view(2, 3, 32)
    values = exact_shapley(worths, 5)
    assert values.shape == (2, 3, 20)
    torch.testing.assert_close(values[1, 2], exact_shapley(worths[1, 2], 5))


def test_wrong_number_of_worths_is_refused():
    with pytest.raises(ValueError, match='32'):
        exact_shapley(torch.zeros(31), 5)
