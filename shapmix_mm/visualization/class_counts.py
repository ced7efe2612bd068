"""Bar chart of the training samples per class, coloured by group."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..evaluation.functional import check_class_counts, class_groups
from .style import GROUP_COLOURS, class_labels, group_legend, save_figure

_LOG_SPREAD = 20
_MAX_VALUES = 30


def plot_class_counts(
    counts: Sequence[float] | np.ndarray,
    path: str | Path,
    *,
    thresholds: tuple[float, float] = (20, 100),
    classes: Sequence[str] | None = None,
    title: str | None = None,
) -> Path:
    """Draw one bar per class, in the order given.

    The axis is logarithmic when the largest count is more than 20 times the
    smallest positive one. A class without samples has a cross in place of
    its bar.

    Args:
        counts (Sequence[float] | np.ndarray): Training samples of each
            class, ``(K,)``.
        path (str | Path): Image to write; the suffix chooses the format.
        thresholds (tuple[float, float]): Counts (few, many) that bound the
            groups. Defaults to (20, 100).
        classes (Sequence[str], optional): Names of the classes. Defaults to
            None, which shows indices.
        title (str, optional): Title of the figure. Defaults to None, which
            states the numbers of samples and classes and their ratio.

    Returns:
        Path: The image.

    Raises:
        ValueError: If counts, thresholds or names make no sense.
    """
    values = check_class_counts(counts)
    few, many = thresholds
    groups = class_groups(values, many=many, few=few)
    labels = class_labels(classes, len(values))
    deepest = max(map(len, labels)) if classes is not None else 1
    figure, axes = _canvas(len(values), deepest)
    height = figure.get_figheight()
    axes.bar(
        np.arange(len(values)),
        values,
        width=0.8,
        zorder=2,
        color=[GROUP_COLOURS[name] for name in groups],
    )
    _value_axis(axes, values)
    _class_axis(axes, labels, named=classes is not None)
    _annotate(axes, values)
    _bounds(axes, few, many)
    figure.legend(
        handles=group_legend(values, thresholds),
        ncols=3,
        loc='upper center',
        bbox_to_anchor=(0.5, 1 - 0.32 / height),
        frameon=False,
        fontsize=9,
    )
    figure.suptitle(
        title or _summary(values), y=1 - 0.1 / height, va='top', fontsize=11
    )
    return save_figure(figure, path)


def _bounds(axes: Axes, few: float, many: float) -> None:
    for name, bound in (('few', few), ('many', many)):
        axes.axhline(
            bound,
            color=GROUP_COLOURS[name],
            linestyle='--',
            linewidth=0.9,
            zorder=1,
        )


def _canvas(bars: int, deepest_label: int) -> tuple[Figure, Axes]:
    """Sheet with room for every bar and for labels that stand upright."""
    pitch = 0.45 if bars <= 20 else max(0.13, 9 / bars)
    foot = 0.45 + 0.065 * deepest_label
    width, height = max(7.2, pitch * bars + 1.2), 3.6 + foot
    figure = Figure(figsize=(width, height))
    box = (0.75 / width, foot / height, 1 - 0.95 / width, 2.85 / height)
    return figure, figure.add_axes(box)


def _summary(values: np.ndarray) -> str:
    low, high = values.min(), values.max()
    ratio = f', imbalance {high / low:.4g}' if low > 0 else ''
    return (
        f'{values.sum():,.0f} training samples, {len(values)} classes{ratio}'
    )


def _value_axis(axes: Axes, values: np.ndarray) -> None:
    """Choose the scale, and room above the bars for their values."""
    positive = values[values > 0]
    high = values.max() if positive.size else 1
    if positive.size and high > _LOG_SPREAD * positive.min():
        axes.set_yscale('log')
        axes.set_ylim(min(1.0, positive.min() / 2) * 0.8, high * 1.8)
        axes.yaxis.set_major_formatter('{x:g}')
    else:
        axes.set_ylim(0, high * 1.12)
    axes.set_ylabel('training samples')
    axes.grid(axis='y', color='#DDDDDD', linewidth=0.7, zorder=0)
    axes.set_axisbelow(True)
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)


def _class_axis(axes: Axes, labels: Sequence[str], *, named: bool) -> None:
    """Name every class, or number as many as can be read."""
    total = len(labels)
    step = 1 if named or total <= 40 else 5 if total <= 150 else 20
    ticks = np.arange(0, total, step)
    axes.set_xticks(ticks)
    axes.set_xticklabels(
        [labels[i] for i in ticks.tolist()],
        rotation=90 if named else 0,
        fontsize=9 if total <= 40 else 7,
    )
    axes.set_xlim(-0.8, total - 0.2)
    axes.tick_params(axis='x', length=2)
    axes.set_xlabel('class')


def _annotate(axes: Axes, values: np.ndarray) -> None:
    """Write the counts where bars are wide enough; mark empty classes."""
    floor = axes.get_ylim()[0]
    for index, value in enumerate(values):
        if value == 0:
            axes.plot(
                index,
                floor,
                marker='x',
                color='black',
                markersize=5,
                clip_on=False,
                zorder=3,
            )
        elif len(values) <= _MAX_VALUES:
            axes.annotate(
                f'{value:.0f}',
                (index, value),
                (0, 1.5),
                textcoords='offset points',
                ha='center',
                va='bottom',
                fontsize=8,
                bbox=dict(facecolor='white', edgecolor='none', pad=0.3),
            )
