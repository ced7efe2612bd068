"""Reliability plot: bars, gaps and empty bins."""

import numpy as np
import pytest

from shapmix_mm.evaluation.functional import expected_calibration_error
from shapmix_mm.visualization import reliability, style
from shapmix_mm.visualization.reliability import plot_reliability


@pytest.fixture
def drawn(look, monkeypatch):
    """The figure, caught before it is saved."""

    def save(figure, path):
        look.catch(figure)
        return style.save_figure(figure, path) if look.render else path

    monkeypatch.setattr(reliability, 'save_figure', save)
    return look


def test_bars_are_accuracy_gap_and_share(drawn, tmp_path):
    # Sure 0.9 and half right; sure 0.75 and all right; nothing below.
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    found = expected_calibration_error(scores, [0, 1, 1, 1], bins=5)
    assert plot_reliability(found, tmp_path / 'a.png').is_file()
    upper, lower = drawn.figure.axes
    heights = [bar.get_height() for bar in upper.patches]
    np.testing.assert_allclose(heights, [1, 0.5, -0.25, 0.4])
    np.testing.assert_allclose(
        [bar.get_x() for bar in upper.patches], [0.6, 0.8] * 2
    )
    shares = [bar.get_height() for bar in lower.patches]
    np.testing.assert_allclose(shares, [50, 50])
    assert 'ECE 32.5 %' in upper.get_legend().get_title().get_text()


def test_legible(drawn, tmp_path):
    drawn.render = False
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(3), size=100)
    found = expected_calibration_error(scores, rng.integers(3, size=100))
    plot_reliability(found, tmp_path / 'a.png')
    assert drawn.cut_off() == []
