"""Reliability plot: accuracy of the samples of each confidence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..evaluation.functional import Calibration
from .style import save_figure


def plot_reliability(calibration: Calibration, path: str | Path) -> Path:
    """Draw accuracy against confidence, and how many samples have each.

    Bars show accuracy; the hatched rest up to, or down to, the mean
    confidence of the bin is what adds to the calibration error. An empty bin
    has no bar.

    Args:
        calibration (Calibration): What ``expected_calibration_error``
            returned.
        path (str | Path): Image to write; the suffix chooses the format.

    Returns:
        Path: The image.
    """
    figure = Figure(figsize=(4.8, 5.4))
    upper = figure.add_axes((0.14, 0.34, 0.82, 0.62))
    lower = figure.add_axes((0.14, 0.1, 0.82, 0.19), sharex=upper)
    _draw_accuracy(upper, calibration)
    known = calibration.samples > 0
    share = 100 * calibration.samples[known] / calibration.samples.sum()
    left, width = _bins(calibration)
    lower.bar(left, share, width, align='edge', **_look('#999999'))
    lower.set_xlim(0, 1)
    lower.set_xlabel('confidence (largest probability)')
    lower.set_ylabel('samples (%)')
    for axes in (upper, lower):
        _frame(axes)
    return save_figure(figure, path)


def _bins(calibration: Calibration) -> tuple[np.ndarray, np.ndarray]:
    """Left edges and widths of the bins that hold samples."""
    known = calibration.samples > 0
    return calibration.edges[:-1][known], np.diff(calibration.edges)[known]


def _draw_accuracy(axes: Axes, calibration: Calibration) -> None:
    known = calibration.samples > 0
    left, width = _bins(calibration)
    accuracy = calibration.accuracy[known]
    axes.bar(
        left,
        accuracy,
        width,
        align='edge',
        label='accuracy',
        **_look('#0072B2'),
    )
    axes.bar(
        left,
        calibration.confidence[known] - accuracy,
        width,
        bottom=accuracy,
        align='edge',
        facecolor='#FFFFFF66',
        edgecolor='#D55E00',
        hatch='////',
        linewidth=0.8,
        zorder=3,
        label='gap to the mean confidence',
    )
    axes.plot([0, 1], [0, 1], color='#666666', linestyle='--', linewidth=1)
    axes.set_ylim(0, 1)
    axes.set_ylabel('accuracy')
    axes.tick_params(labelbottom=False)
    axes.legend(
        loc='upper left',
        fontsize=8.5,
        frameon=False,
        title=f'ECE {100 * calibration.ece:.1f} %',
        alignment='left',
    )


def _look(colour: str) -> dict:
    return dict(color=colour, edgecolor='white', linewidth=0.6, zorder=2)


def _frame(axes: Axes) -> None:
    axes.grid(color='#DDDDDD', linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
