"""How many samples there are: of each class, and of what length."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from ..datasets.inspection import EVERY, PartSummary, PoseSummary
from ..evaluation.functional import check_class_counts, class_groups
from .style import (
    GROUP_COLOURS,
    PART_COLOURS,
    ClassOrder,
    fit,
    head_line,
    label_classes,
    new_figure,
    save_figure,
    tidy,
)

_LOG_SPREAD = 20
_MAX_VALUES = 30
_BINS = 40


def draw_bounds(axes: Axes, thresholds: tuple[float, float]) -> None:
    """Draw the counts that bound the groups across a count axis, y.

    Args:
        axes (Axes): The axes.
        thresholds (tuple[float, float]): Counts (few, many).
    """
    for name, bound in zip(('few', 'many'), thresholds):
        colour = GROUP_COLOURS[name]
        axes.axhline(bound, color=colour, linestyle='--', lw=0.9, zorder=1)


def plot_class_counts(
    counts: Sequence[float] | np.ndarray,
    path: str | Path,
    *,
    thresholds: tuple[float, float] = (20, 100),
    classes: Sequence[str] | None = None,
    title: str | None = None,
) -> Path:
    """Draw one bar per class, from the largest class to the smallest.

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
    order = ClassOrder.by_count(len(values), values, classes, thresholds)
    values = values[order.indices]
    total = len(values)
    pitch = 0.45 if total <= 20 else max(0.15, 9 / total)
    figure = new_figure()
    axes = figure.subplots()
    places = np.arange(total)
    axes.bar(places, values, width=0.8, zorder=2, color=order.colours)
    _value_axis(axes, values)
    named = classes is not None
    label_classes(
        axes.xaxis,
        order,
        order.names,
        pitch,
        rotation=90 if named or total > 20 else 0,
        fontsize=9 if total <= 40 else 7,
    )
    axes.set(xlim=(-0.7, total - 0.3), xlabel='class')
    _annotate(axes, values)
    draw_bounds(axes, thresholds)
    width = max(6.0, pitch * total)
    head_line(figure, title or _summary(values), order.legend, width)
    fit(figure, [axes], (width, 2.85))
    return save_figure(figure, path)


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
    tidy(axes, grid='y')


def _annotate(axes: Axes, values: np.ndarray) -> None:
    """Write the counts where bars are wide enough; mark empty classes."""
    floor = axes.get_ylim()[0]
    for index, value in enumerate(values):
        if value == 0:
            cross = axes.plot(index, floor, 'x', color='black', markersize=5)
            cross[0].set(clip_on=False, zorder=3)
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


def plot_annotations(
    summary: PoseSummary,
    path: str | Path,
    *,
    thresholds: tuple[float, float] = (20, 100),
) -> Path:
    """Draw samples per class, lengths and persons per sample.

    Args:
        summary (PoseSummary): What the file holds.
        path (str or Path): Image to write; the suffix chooses the format.
        thresholds (tuple[float, float]): Counts (few, many) that bound the
            groups. Defaults to (20, 100).

    Returns:
        Path: The image.
    """
    parts = drawn_parts(summary.parts)
    columns = 3
    height = 4.0 + 0.22 * -(-len(parts) // columns)
    figure = new_figure((12, height))
    panels = figure.subplots(1, 3, width_ratios=(5, 5, 2))
    _draw_classes(panels[0], parts, thresholds)
    _draw_lengths(panels[1], parts)
    _draw_persons(panels[2], summary)
    figure.suptitle(
        f'{Path(summary.path).name}: {len(summary.parts[0].lengths):,} '
        f'samples, {summary.num_classes} classes',
        fontsize=11,
    )
    figure.legend(
        loc='outside lower center', ncols=columns, frameon=False, fontsize=8
    )
    return save_figure(figure, path)


def drawn_parts(parts: Sequence[PartSummary]) -> list[PartSummary]:
    """Splits that have samples, or all samples where there is none."""
    splits = [p for p in parts if p.name != EVERY and len(p.lengths)]
    return splits or list(parts[:1])


def _lines() -> zip:
    """Looks of lines, of which any number can be told apart."""
    styles = [style for style in ('-', '--', ':', '-.') for _ in PART_COLOURS]
    return zip(cycle(PART_COLOURS), cycle(styles))


def _draw_classes(
    axes: Axes, parts: Sequence[PartSummary], thresholds: tuple[float, float]
) -> None:
    """Samples per class, each split from its largest class on."""
    few, many = thresholds
    for (colour, style), part in zip(_lines(), parts):
        counts = np.sort(part.counts)[::-1]
        groups = class_groups(part.counts, many=many, few=few)
        sizes = [f'{(groups == name).sum()} {name}' for name in GROUP_COLOURS]
        axes.step(
            np.arange(len(counts)),
            counts,
            where='mid',
            color=colour,
            linestyle=style,
            label=f'{part.name}: {", ".join(sizes)}',
        )
    draw_bounds(axes, thresholds)
    axes.set_yscale('symlog', linthresh=10)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter('{x:g}')
    axes.set(xlabel='classes, largest first', ylabel='samples')


def _draw_lengths(axes: Axes, parts: Sequence[PartSummary]) -> None:
    longest = max(int(part.lengths.max(initial=1)) for part in parts)
    edges = np.linspace(0, longest + 1, min(_BINS, longest + 1) + 1).tolist()
    for (colour, style), part in zip(_lines(), parts):
        look = dict(histtype='step', color=colour, linestyle=style)
        axes.hist(part.lengths, bins=edges, **look)
    axes.set(xlabel='frames', ylabel='samples')


def _draw_persons(axes: Axes, summary: PoseSummary) -> None:
    persons = sorted(summary.shapes['persons'].items())
    names = [str(number) for number, _ in persons]
    bars = axes.bar(names, [uses for _, uses in persons], color='#999999')
    axes.bar_label(bars, [f'{uses:,}' for _, uses in persons], fontsize=8)
    axes.margins(y=0.15)
    axes.set(xlabel='persons', ylabel='samples')
