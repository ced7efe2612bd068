"""Scatter of the accuracy of each class against its training samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..evaluation.functional import check_class_counts, class_groups
from .style import GROUP_COLOURS, class_labels, group_legend, save_figure

# Where a name may stand: offset in points, alignment.
_PLACES = (
    ((5, 0), 'left', 'center'),
    ((-5, 0), 'right', 'center'),
    ((0, 5), 'center', 'bottom'),
    ((0, -5), 'center', 'top'),
    ((4, 4), 'left', 'bottom'),
    ((4, -4), 'left', 'top'),
    ((-4, 4), 'right', 'bottom'),
    ((-4, -4), 'right', 'top'),
    ((8, 12), 'left', 'bottom'),
    ((8, -12), 'left', 'top'),
    ((-8, 12), 'right', 'bottom'),
    ((-8, -12), 'right', 'top'),
)


def plot_accuracy_by_count(
    counts: Sequence[float] | np.ndarray,
    accuracy: Sequence[float] | np.ndarray,
    path: str | Path,
    *,
    classes: Sequence[str] | None = None,
    thresholds: tuple[float, float] = (20, 100),
) -> Path:
    """Draw one point per class, on a logarithmic axis of training samples.

    A name is left out where it would cover another name or a point.

    Args:
        counts (Sequence[float] | np.ndarray): Training samples of each
            class, ``(K,)``. A class without any stands at one half.
        accuracy (Sequence[float] | np.ndarray): Accuracy of each class in
            [0, 1], ``(K,)``; NaN, for a class that was not tested, is not
            drawn.
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
    heights = 100 * np.asarray(accuracy, dtype=np.float64)
    if heights.shape != values.shape:
        raise ValueError(
            f'accuracy has shape {heights.shape}, expected {values.shape}'
        )
    few, many = thresholds
    groups = class_groups(values, many=many, few=few)
    size = (7.2, 4.8) if len(values) <= 30 else (12.0, 7.2)
    figure = Figure(figsize=size)
    foot, head = 0.55 / size[1], 0.4 / size[1]
    axes = figure.add_axes((0.09, foot, 0.88, 1 - foot - head))
    across = np.maximum(values, 0.5)
    _draw_points(axes, across, heights, groups)
    _scale(axes, across, thresholds)
    figure.legend(
        handles=group_legend(values, thresholds),
        ncols=3,
        loc='upper center',
        bbox_to_anchor=(0.53, 1 - 0.08 / size[1]),
        frameon=False,
        fontsize=9,
        borderpad=0,
    )
    _name(figure, axes, across, heights, class_labels(classes, len(values)))
    return save_figure(figure, path)


def _draw_points(
    axes: Axes, across: np.ndarray, heights: np.ndarray, groups: np.ndarray
) -> None:
    for name, colour in GROUP_COLOURS.items():
        mine = groups == name
        axes.scatter(
            across[mine],
            heights[mine],
            s=26,
            color=colour,
            edgecolor='white',
            linewidth=0.4,
            zorder=3,
        )


def _scale(
    axes: Axes, across: np.ndarray, thresholds: tuple[float, float]
) -> None:
    axes.set_xscale('log')
    axes.set_xlim(across.min() / 1.5, across.max() * 1.6)
    axes.set_ylim(-7, 107)
    axes.set_xlabel('training samples')
    axes.set_ylabel('accuracy (%)')
    axes.xaxis.set_major_formatter('{x:g}')
    axes.xaxis.set_minor_formatter('')
    low, high = across.min(), across.max()
    if high < 30 * low:
        steps = np.outer(10.0 ** np.arange(-1, 6), (1, 2, 5)).ravel()
        axes.set_xticks(steps[(steps >= low / 1.5) & (steps <= high * 1.6)])
    axes.grid(color='#DDDDDD', linewidth=0.7)
    axes.set_axisbelow(True)
    for name, bound in zip(('few', 'many'), thresholds):
        if low / 1.5 < bound < high * 1.6:
            axes.axvline(
                bound,
                color=GROUP_COLOURS[name],
                linestyle='--',
                linewidth=0.9,
                zorder=1,
            )
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)


def _name(
    figure: Figure,
    axes: Axes,
    across: np.ndarray,
    heights: np.ndarray,
    labels: Sequence[str],
) -> None:
    """Put each name at the first place around its point that is free."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    points = axes.transData.transform(np.stack([across, heights], axis=1))
    radius = 0.03 * figure.dpi
    taken = np.concatenate([points - radius, points + radius], axis=1)
    taken = taken[np.isfinite(heights)]
    limits = axes.get_window_extent(renderer).extents
    for x, y, label in zip(across, heights, labels):
        if not np.isfinite(y):
            continue
        for offset, ha, va in _PLACES:
            text = axes.annotate(
                label,
                (x, y),
                offset,
                textcoords='offset points',
                fontsize=7.5,
                ha=ha,
                va=va,
            )
            box = np.array(text.get_window_extent(renderer).extents)
            inside = (box[:2] >= limits[:2]) & (box[2:] <= limits[2:])
            if inside.all() and not _meets(box, taken):
                taken = np.vstack([taken, box])
                break
            text.remove()


def _meets(box: np.ndarray, taken: np.ndarray) -> bool:
    low = np.maximum(box[:2], taken[:, :2])
    high = np.minimum(box[2:], taken[:, 2:])
    return bool((high > low).all(axis=1).any())
