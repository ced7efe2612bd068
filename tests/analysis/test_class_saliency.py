"""Class means by hand, and errors of a table against scipy's own numbers."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from shapmix_mm.saliency.class_saliency import class_saliency, table_error
from shapmix_mm.saliency.exact_saliency import Worths
from shapmix_mm.shapley import exact_shapley


def test_mean_and_deviation_of_each_class():
    worths = torch.rand(7, 16, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 3, 0, 1, 3, 3, 0])
    found = class_saliency(Worths(worths, labels, ()), 4, (2,), 4)
    each = exact_shapley(worths.double(), 4, (1, 2)).numpy()
    assert found.samples.tolist() == [3, 1, 0, 3]
    assert found.combinations[:5] == [(0,), (1,), (2,), (3,), (0, 1)]
    for label in (0, 1, 3):
        own = each[labels.numpy() == label]
        np.testing.assert_allclose(found.values[label], own.mean(0))
        if len(own) > 1:
            np.testing.assert_allclose(found.std[label], own.std(0, ddof=1))
    assert np.isnan(found.values[2]).all()
    assert np.isnan(found.std[1:3]).all()
    assert found.columns((2,)) == [4, 5, 6, 7, 8, 9]


def test_error_leaves_out_what_either_side_does_not_know():
    rng = np.random.default_rng(0)
    table, exact = rng.normal(size=(2, 4, 6))
    exact[1] = np.nan
    updates = np.ones((4, 6))
    updates[2] = 0
    updates[3, 0] = 0
    found = table_error(table, exact, updates)
    assert np.isnan(found.rmse).tolist() == [False, True, True, False]
    for row, start in ((0, 0), (3, 1)):
        t, e = table[row, start:], exact[row, start:]
        assert found.rmse[row] == pytest.approx(np.sqrt(((t - e) ** 2).mean()))
        assert found.rank_corr[row] == pytest.approx(spearmanr(t, e)[0])
    t = np.append(table[0], table[3, 1:])
    e = np.append(exact[0], exact[3, 1:])
    assert found.overall_rmse == pytest.approx(np.sqrt(((t - e) ** 2).mean()))
    assert found.overall_rank_corr == pytest.approx(spearmanr(t, e)[0])


def test_a_constant_row_has_an_error_but_no_rank():
    found = table_error(np.zeros((1, 3)), np.array([[1.0, 2.0, 2.0]]))
    assert found.rmse[0] == pytest.approx(np.sqrt(3))
    assert np.isnan(found.rank_corr[0])


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r'\(1, 3\).*\(1, 2\)'):
        table_error(np.zeros((1, 3)), np.zeros((1, 2)))
