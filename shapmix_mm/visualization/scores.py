"""What a test tells: accuracy by class, confusion, reliability."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from typing_extensions import Unpack

from ..evaluation.functional import Calibration, check_class_counts
from .style import (
    GROUP_COLOURS,
    HATCH,
    ClassNames,
    ClassOrder,
    draw_cells,
    fit,
    head_line,
    label_classes,
    new_figure,
    save_figure,
    tidy,
)

_MAX_WRITTEN = 30


def plot_accuracy_by_count(
    counts: Sequence[float] | np.ndarray,
    accuracy: Sequence[float] | np.ndarray,
    path: str | Path,
    *,
    classes: Sequence[str] | None = None,
    thresholds: tuple[float, float] = (20, 100),
) -> Path:
    """Draw accuracy and training samples of each class side by side.

    Every class has a row of its own, the largest on top, so that no class
    hides another.

    Args:
        counts (Sequence[float] | np.ndarray): Training samples of each
            class, ``(K,)``.
        accuracy (Sequence[float] | np.ndarray): Accuracy of each class in
            [0, 1], ``(K,)``; NaN for a class that was not tested.
        path (str | Path): Image to write; the suffix chooses the format.
        classes (Sequence[str], optional): Names of the classes. Defaults to
            None, which shows indices.
        thresholds (tuple[float, float]): Counts (few, many) that bound the
            groups. Defaults to (20, 100).

    Returns:
        Path: The image.

    Raises:
        ValueError: If lengths, counts or thresholds make no sense.
    """
    values = check_class_counts(counts)
    percent = 100 * np.asarray(accuracy, dtype=np.float64)
    if percent.shape != values.shape:
        raise ValueError(
            f'accuracy has shape {percent.shape}, expected {values.shape}'
        )
    order = ClassOrder.by_count(len(values), values, classes, thresholds, 40)
    values, percent = values[order.indices], percent[order.indices]
    rows = np.arange(len(values))
    pitch, font = (0.2, 8.5) if len(rows) <= 30 else (0.135, 7)
    figure = new_figure()
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(4.5, 2))
    left.hlines(rows, 0, percent, color=order.colours, lw=1, alpha=0.5)
    left.scatter(percent, rows, s=22, color=order.colours, zorder=3)
    for row in np.flatnonzero(~np.isfinite(percent)).tolist():
        left.text(1, row, 'not tested', fontsize=font, va='center')
    label_classes(left.yaxis, order, order.labels, pitch, fontsize=font)
    left.set(xlim=(-2, 102), ylim=(len(rows) - 0.5, -0.5))
    left.set_xlabel('accuracy (%)')
    _draw_counts(right, values, order.colours, thresholds)
    for axes in (left, right):
        axes.tick_params(axis='x', labelsize=8, labeltop=len(rows) > 30)
        tidy(axes, grid='x')
    head_line(figure, 'Accuracy of each class', order.legend, 8.5)
    fit(figure, [left, right], (6.5, pitch * len(rows)))
    return save_figure(figure, path)


def _draw_counts(
    axes: Axes,
    counts: np.ndarray,
    colours: Sequence[str],
    thresholds: tuple[float, float],
) -> None:
    """Draw training samples as horizontal bars."""
    axes.barh(np.arange(len(counts)), counts, color=colours, height=0.7)
    axes.set_xscale('symlog', linthresh=1)
    axes.xaxis.set_major_formatter('{x:g}')
    axes.set_xlim(0, counts.max() * 1.1 + 1)
    axes.tick_params(axis='y', length=0, labelleft=False)
    for name, bound in zip(('few', 'many'), thresholds):
        axes.axvline(bound, color=GROUP_COLOURS[name], ls='--', lw=0.9)
    axes.set_xlabel('training samples')


def plot_confusion(
    confusion: np.ndarray, path: str | Path, **classes: Unpack[ClassNames]
) -> Path:
    """Draw which class each true class is taken for.

    Every row is normalised to 100 %. Rows and columns are sorted by training
    count, largest first, so that what tail classes lose to the head lies
    left of the diagonal; a strip beside them has the colours of the groups.
    The row of a class that was not tested is hatched.

    Args:
        confusion (np.ndarray): Samples of true class i taken for class j,
            ``(K, K)``.
        path (str | Path): Image to write; the suffix chooses the format.
        **classes (Unpack[ClassNames]): Names, counts and thresholds.

    Returns:
        Path: The image.

    Raises:
        ValueError: If shapes, counts or names disagree.
    """
    table = np.asarray(confusion, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not table.size:
        raise ValueError(f'confusion must be (K, K), got shape {table.shape}')
    order = ClassOrder.by_count(len(table), **classes)
    table = table[np.ix_(order.indices, order.indices)]
    size = len(table)
    pitch, font = (0.36, 8.5) if size <= _MAX_WRITTEN else (0.125, 6.5)
    figure = new_figure()
    axes = figure.subplots()
    _draw_shares(figure, axes, table)
    label_classes(
        axes.xaxis, order, order.names, pitch, fontsize=font, rotation=90
    )
    label_classes(axes.yaxis, order, order.labels, pitch, fontsize=font)
    axes.set_xlabel('predicted class')
    axes.set_ylabel('true class (training samples)')
    side = max(pitch * size, 2.4)
    head_line(figure, 'Confusion', order.legend, side + 2)
    fit(figure, [axes], (side, side))
    return save_figure(figure, path)


def _draw_shares(figure: Figure, axes: Axes, table: np.ndarray) -> None:
    total = table.sum(axis=1, keepdims=True)
    share = np.full(table.shape, np.nan)
    np.divide(100 * table, total, out=share, where=total > 0)
    # Below one, so that a few percent can be told from none.
    norm = PowerNorm(0.6, vmin=0, vmax=100)
    look: dict[str, Any] = dict(edgecolors='#EEEEEE', linewidth=0.4)
    image = draw_cells(axes, share, cmap='Blues', norm=norm, **look)
    figure.colorbar(
        image,
        ax=axes,
        label='% of the true class',
        fraction=0.03,
        pad=0.01,
        aspect=30,
    )
    size = len(table)
    for row in np.flatnonzero(total[:, 0] == 0):
        axes.axhspan(row - 0.5, row + 0.5, **HATCH)
    if size <= _MAX_WRITTEN:
        for row, column in np.argwhere(np.nan_to_num(share) >= 0.5):
            value = share[row, column]
            look = dict(ha='center', va='center', fontsize=7.5)
            colour = 'white' if value > 40 else 'black'
            axes.text(column, row, f'{value:.0f}', color=colour, **look)


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
    figure = new_figure((4.8, 5.4))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    known = calibration.samples > 0
    left = calibration.edges[:-1][known]
    accuracy = calibration.accuracy[known]
    look: dict[str, Any] = dict(
        width=np.diff(calibration.edges)[known], align='edge', zorder=2
    )
    solid = dict(look, edgecolor='white', linewidth=0.6)
    upper.bar(left, accuracy, color='#0072B2', label='accuracy', **solid)
    upper.bar(
        left,
        calibration.confidence[known] - accuracy,
        bottom=accuracy,
        facecolor='#FFFFFF66',
        edgecolor='#D55E00',
        hatch='////',
        linewidth=0.8,
        label='gap to the mean confidence',
        **dict(look, zorder=3),
    )
    upper.plot([0, 1], [0, 1], color='#666666', linestyle='--', linewidth=1)
    upper.set(ylim=(0, 1), ylabel='accuracy')
    title = f'ECE {100 * calibration.ece:.1f} %'
    upper.legend(
        title=title,
        loc='upper left',
        fontsize=8.5,
        frameon=False,
        alignment='left',
    )
    share = 100 * calibration.samples[known] / calibration.samples.sum()
    lower.bar(left, share, color='#999999', **solid)
    lower.set(xlim=(0, 1), ylabel='samples (%)')
    lower.set_xlabel('confidence (largest probability)')
    tidy(upper)
    tidy(lower)
    return save_figure(figure, path)
