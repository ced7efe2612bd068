"""The random draw follows the law of Eq. 2."""

from math import comb

import numpy as np
import torch
from scipy import stats

from shapmix_mm.shapley import combination_masks, draw_marginal, exact_shapley


def draws(number, seed=0, **kwargs):
    generator = torch.Generator().manual_seed(seed)
    return [
        draw_marginal(5, generator=generator, **kwargs) for _ in range(number)
    ]


def test_combinations_are_uniform_and_coalitions_have_the_law_of_eq_2():
    masks = combination_masks(5).tolist()
    observed, expected = [], []
    sample = draws(20000)
    for index, block in enumerate(masks):
        others = 5 - bin(block).count('1')
        for coalition in range(32):
            if coalition & block:
                continue
            size = bin(coalition).count('1')
            weight = 1 / ((others + 1) * comb(others, size)) / len(masks)
            expected.append(weight * len(sample))
            observed.append(
                sum(
                    d.index == index and d.coalition == coalition
                    for d in sample
                )
            )
    assert sum(observed) == len(sample)
    assert stats.chisquare(observed, expected).pvalue > 1e-3


def test_single_marginals_are_unbiased_for_a_fixed_game():
    worths = torch.rand(
        32, dtype=torch.float64, generator=torch.Generator().manual_seed(3)
    )
    exact = exact_shapley(worths, 5).numpy()
    marginal = [[] for _ in exact]
    for draw in draws(20000, seed=1):
        marginal[draw.index].append(
            float(worths[draw.coalition | draw.block] - worths[draw.coalition])
        )
    z = [(np.mean(m) - e) / stats.sem(m) for m, e in zip(marginal, exact)]
    # Twenty standard normal scores: their squares are chi-square of 20.
    assert stats.chi2.sf(np.square(z).sum(), len(z)) > 1e-3


def test_equal_generators_draw_the_same():
    assert draws(50, seed=5) == draws(50, seed=5)
    assert draws(50, seed=5) != draws(50, seed=6)
