"""Exact values against brute force, axioms and shapiq."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
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


@pytest.mark.parametrize('num_parts', range(3, 9))
def test_equals_shapiq_generalised_shapley_value(num_parts):
    shapiq = pytest.importorskip('shapiq')
    worths = game(num_parts, 7 + num_parts).numpy()

    def play(coalitions):
        weights = 1 << np.arange(num_parts)
        return worths[np.asarray(coalitions).astype(int) @ weights]

    sizes = tuple(range(1, num_parts))
    computer = shapiq.ExactComputer(n_players=num_parts, game=play)
    oracle = computer('SGV', order=num_parts - 1)
    values = exact_shapley(torch.from_numpy(worths), num_parts, sizes)
    masks = combination_masks(num_parts, sizes).tolist()
    assert len(masks) == 2**num_parts - 2
    for mask, value in zip(masks, values):
        parts = tuple(p for p in range(num_parts) if mask >> p & 1)
        assert oracle[parts] == pytest.approx(float(value), abs=1e-10)


@pytest.mark.parametrize('num_parts', range(3, 9))
def test_equals_shapiq_shapley_value_of_single_parts(num_parts):
    shapiq = pytest.importorskip('shapiq')
    worths = game(num_parts, num_parts).numpy()

    def play(coalitions):
        weights = 1 << np.arange(num_parts)
        return worths[np.asarray(coalitions).astype(int) @ weights]

    oracle = shapiq.ExactComputer(n_players=num_parts, game=play)('SV')
    values = exact_shapley(torch.from_numpy(worths), num_parts, (1,))
    for part, value in enumerate(values.tolist()):
        assert oracle[(part,)] == pytest.approx(value, abs=1e-10)


def games(count=1):
    """Strategy: P and the worths of some games of P parts.

    The worths are drawn one by one, so that a failing axiom is shown on the
    plainest game.
    """
    worth = st.floats(-100, 100, allow_nan=False, width=32)
    return st.integers(3, 8).flatmap(
        lambda p: st.tuples(
            st.just(p),
            *[
                st.lists(worth, min_size=2**p, max_size=2**p).map(
                    lambda w: torch.tensor(w, dtype=torch.float64)
                )
                for _ in range(count)
            ],
        )
    )


AXIOMS = settings(
    deadline=None,
    max_examples=60,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@AXIOMS
@given(games())
def test_efficiency(drawn):
    """The parts share out what the whole body gains over none."""
    num_parts, worths = drawn
    values = exact_shapley(worths, num_parts, (1,))
    assert float(values.sum() - (worths[-1] - worths[0])) == pytest.approx(
        0, abs=1e-9
    )


@AXIOMS
@given(games(2), st.floats(-3, 3), st.floats(-3, 3))
def test_linearity(drawn, one, other):
    num_parts, first, second = drawn
    for sizes in ((1,), (1, 2)):
        both = exact_shapley(one * first + other * second, num_parts, sizes)
        apart = one * exact_shapley(first, num_parts, sizes)
        apart += other * exact_shapley(second, num_parts, sizes)
        torch.testing.assert_close(both, apart, atol=1e-9, rtol=0)


@AXIOMS
@given(games(), st.data())
def test_null_part(drawn, data):
    """A part that changes nothing is worth nothing, also within a pair."""
    num_parts, base = drawn
    null = data.draw(st.integers(0, num_parts - 1))
    without = torch.arange(2**num_parts) & ~(1 << null)
    worths = base[without]
    values = exact_shapley(worths, num_parts, (1,))
    assert float(values[null]) == pytest.approx(0, abs=1e-9)
    # The others play as if it were not there.
    smaller = [m for m in range(2**num_parts) if not m >> null & 1]
    if num_parts > 3:
        rest = exact_shapley(worths[smaller], num_parts - 1, (1,))
        kept = torch.cat((values[:null], values[null + 1 :]))
        torch.testing.assert_close(kept, rest, atol=1e-9, rtol=0)


@AXIOMS
@given(games(), st.data())
def test_symmetry(drawn, data):
    """Renaming parts renames the values, and equals are worth the same."""
    num_parts, worths = drawn
    order = data.draw(st.permutations(range(num_parts)))
    masks = torch.arange(2**num_parts)
    moved = sum(((masks >> p & 1) << q) for p, q in enumerate(order))
    renamed = torch.empty_like(worths)
    renamed[moved] = worths
    values = exact_shapley(worths, num_parts, (1,))
    torch.testing.assert_close(
        exact_shapley(renamed, num_parts, (1,))[list(order)],
        values,
        atol=1e-9,
        rtol=0,
    )
    one, other = order[:2]
    swap = masks & ~(1 << one) & ~(1 << other)
    swap |= (masks >> one & 1) << other | (masks >> other & 1) << one
    values = exact_shapley(worths + worths[swap], num_parts, (1,))
    assert float(values[one] - values[other]) == pytest.approx(0, abs=1e-9)


def test_batches_of_games_go_through_at_once():
    worths = torch.stack([game(5, s) for s in range(6)]).view(2, 3, 32)
    values = exact_shapley(worths, 5)
    assert values.shape == (2, 3, 20)
    torch.testing.assert_close(values[1, 2], exact_shapley(worths[1, 2], 5))


def test_wrong_number_of_worths_is_refused():
    with pytest.raises(ValueError, match='32'):
        exact_shapley(torch.zeros(31), 5)
