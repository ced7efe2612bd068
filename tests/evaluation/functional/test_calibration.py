"""Calibration against values worked out by hand and by loops."""

import numpy as np
import pytest
from scipy.special import softmax

from shapmix_mm.evaluation.functional import (
    expected_calibration_error,
    probabilities,
)


def by_loops(scores, labels, bins):
    """The definition, sample by sample."""
    content = {}
    for row, label in zip(scores, labels):
        confidence = max(row)
        for b in range(bins):
            if b / bins < confidence <= (b + 1) / bins:
                right = list(row).index(confidence) == label
                content.setdefault(b, []).append((right, confidence))
    return sum(
        abs(
            sum(right for right, _ in inside) / len(inside)
            - sum(sure for _, sure in inside) / len(inside)
        )
        * len(inside)
        / len(labels)
        for inside in content.values()
    )


def test_by_hand():
    # Bin (0.8, 1]: sure 0.9, right 1 of 2. Bin (0.6, 0.8]: sure 0.75, both
    # right. Half of 0.4 and half of 0.25.
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    found = expected_calibration_error(scores, [0, 1, 1, 1], bins=5)
    assert found.ece == pytest.approx(0.325)
    assert found.samples.tolist() == [0, 0, 0, 2, 2]
    np.testing.assert_allclose(found.accuracy[3:], [1, 0.5])
    np.testing.assert_allclose(found.confidence[3:], [0.75, 0.9])
    assert np.isnan(found.accuracy[:3]).all()
    assert np.isnan(found.confidence[:3]).all()
    assert found.mean_confidence == pytest.approx(0.825)


@pytest.mark.parametrize('bins', [1, 7, 15])
@pytest.mark.parametrize('classes', [2, 10])
def test_against_loops(bins, classes):
    rng = np.random.default_rng(bins + classes)
    scores = rng.dirichlet(np.full(classes, 0.4), size=300)
    labels = rng.integers(classes, size=300)
    found = expected_calibration_error(scores, labels, bins)
    assert found.ece == pytest.approx(by_loops(scores, labels, bins))
    assert found.samples.sum() == 300
    assert len(found.edges) == bins + 1
    assert found.mean_confidence == pytest.approx(scores.max(1).mean())


def test_always_right_and_sure_is_calibrated():
    found = expected_calibration_error(np.eye(4), range(4))
    assert found.ece == 0
    assert found.samples[-1] == 4


def test_half_precision_may_exceed_one():
    scores = np.array([[1.0005, 0.0]])
    assert expected_calibration_error(scores, [0]).ece == 0


def test_raw_scores_of_any_size_become_probabilities():
    scores = np.array([[1e4, 1e4 - 1.0, 0.0], [-1e4, 0.0, 1.0]])
    np.testing.assert_allclose(probabilities(scores), softmax(scores, 1))


@pytest.mark.parametrize(
    'scores, labels, kwargs, words',
    [
        (np.zeros((0, 3)), [], {}, '>= 1 sample'),
        (np.zeros(3), [0], {}, r'shape \(3,\)'),
        ([[3.0, -1.0]], [0], {}, 'sample 0 are no probabilities'),
        ([[np.nan, 0.5]], [0], {}, 'no probabilities'),
        ([[0.5, 0.5]], [2], {}, r'labels\[0\] is 2'),
        ([[0.5, 0.5]], [0, 1], {}, r'expected \(1,\)'),
        ([[0.5, 0.5]], [0], dict(bins=0), 'bins'),
    ],
)
def test_bad_input(scores, labels, kwargs, words):
    with pytest.raises(ValueError, match=words):
        expected_calibration_error(scores, labels, **kwargs)
