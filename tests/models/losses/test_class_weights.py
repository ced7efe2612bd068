"""Class weights against published anchors and rational numbers."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from shapmix_mm.models.losses import (
    effective_number_weights,
    inverse_frequency_weights,
)

ANCHORS = {
    0.9: (0.861, 0.861, 0.920, 1.837),
    0.99: (0.230, 0.321, 0.998, 3.923),
    0.999: (0.058, 0.222, 1.017, 4.363),
    0.9999: (0.045, 0.213, 1.017, 4.404),
    0.999999: (0.044, 0.212, 1.017, 4.408),
}


@pytest.mark.parametrize('beta', ANCHORS)
def test_anchors_of_ntu60(ntu60_counts, beta):
    counts = torch.tensor(ntu60_counts, dtype=torch.float32)
    assert counts[[0, 20, 40, 59]].tolist() == [600, 125, 26, 6]
    weights = effective_number_weights(counts, beta)
    np.testing.assert_allclose(
        weights[[0, 20, 40, 59]], ANCHORS[beta], atol=5.1e-4
    )
    assert weights.sum().item() == pytest.approx(60)
    ratio = {0.9999: 97.1, 0.999999: 99.97}.get(beta)
    if ratio:
        assert (weights.max() / weights.min()).item() == pytest.approx(
            ratio, rel=1e-3
        )


def test_exact_in_rational_numbers_where_floats_cancel():
    beta = 1 - 2.0**-30
    exact = [
        (1 - Fraction(beta)) / (1 - Fraction(beta) ** n) for n in (1000, 17, 1)
    ]
    expected = [float(3 * w / sum(exact)) for w in exact]
    counts = torch.tensor([1000.0, 17.0, 1.0])
    np.testing.assert_allclose(
        effective_number_weights(counts, beta), expected, rtol=1e-9
    )


def test_limits_and_uniform_counts():
    counts = torch.tensor([8.0, 4.0, 1.0])
    ones = [1.0, 1.0, 1.0]
    assert effective_number_weights(counts, 0.0).tolist() == ones
    assert inverse_frequency_weights(counts, 0.0).tolist() == ones
    uniform = torch.full((3,), 9.0)
    assert effective_number_weights(uniform, 0.99).tolist() == ones
    assert inverse_frequency_weights(uniform).tolist() == ones
    # 1/8, 1/4 and 1 sum to 11/8.
    np.testing.assert_allclose(
        inverse_frequency_weights(counts), [3 / 11, 6 / 11, 24 / 11]
    )
    np.testing.assert_allclose(
        inverse_frequency_weights(counts, 2.0),
        3 * np.array([1 / 64, 1 / 16, 1]) / (69 / 64),
    )
