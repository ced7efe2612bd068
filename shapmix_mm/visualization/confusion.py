"""Confusion matrix of a long-tailed test, classes sorted by count."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from ..evaluation.functional import check_class_counts, class_groups
from .style import GROUP_COLOURS, class_labels, group_legend, save_figure

_MAX_WRITTEN = 30


def plot_confusion(
    confusion: np.ndarray,
    path: str | Path,
    *,
    class_counts: Sequence[float] | np.ndarray | None = None,
    classes: Sequence[str] | None = None,
    thresholds: tuple[float, float] = (20, 100),
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
        class_counts (Sequence[float] | np.ndarray, optional): Training
            samples of each class ``(K,)``. Defaults to None, which keeps the
            order and draws no groups.
        classes (Sequence[str], optional): Names of the classes. Defaults to
            None, which shows indices.
        thresholds (tuple[float, float]): Counts (few, many) that bound the
            groups. Defaults to (20, 100).

    Returns:
        Path: The image.

    Raises:
        ValueError: If shapes, counts or names disagree.
    """
    table = np.asarray(confusion, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not table.size:
        raise ValueError(f'confusion must be (K, K), got shape {table.shape}')
    labels = class_labels(classes, len(table))
    order = np.arange(len(table))
    groups: np.ndarray | None = None
    legend = []
    if class_counts is not None:
        counts = check_class_counts(class_counts, len(table))
        order = np.argsort(-counts, kind='stable')
        few, many = thresholds
        groups = class_groups(counts, many=many, few=few)[order]
        legend = group_legend(counts, thresholds)
        rows = [f'{n} ({c:.0f})' for n, c in zip(labels, counts)]
    else:
        rows = labels
    depth = [max(map(len, names)) for names in (rows, labels)]
    figure, axes, bar = _sheet(len(table), depth)
    _draw(figure, axes, bar, table[np.ix_(order, order)])
    _label(axes, [labels[i] for i in order], [rows[i] for i in order])
    if groups is not None:
        _strips(axes, groups, figure.get_figwidth())
        figure.legend(
            handles=legend,
            ncols=len(legend),
            frameon=False,
            fontsize=8,
            loc='upper left',
            bbox_to_anchor=(0, 1),
        )
    return save_figure(figure, path)


def _sheet(size: int, depth: Sequence[int]) -> tuple[Figure, Axes, Axes]:
    """Square cells that hold a number, or at least a line of text."""
    cell = 0.36 if size <= _MAX_WRITTEN else 0.125
    letter = 0.085 if size <= _MAX_WRITTEN else 0.064
    margin, foot = letter * depth[0] + 0.5, 0.85 * letter * depth[1] + 0.5
    side, head = max(cell * size, 2.4), 0.4
    width, height = margin + side + 0.9, head + side + foot
    figure = Figure(figsize=(width, height))
    box = (margin / width, foot / height, side / width, side / height)
    axes = figure.add_axes(box)
    tall = min(side, 4)
    bar = figure.add_axes(
        (
            (margin + side + 0.15) / width,
            (foot + side - tall) / height,
            0.15 / width,
            tall / height,
        )
    )
    return figure, axes, bar


def _draw(figure: Figure, axes: Axes, bar: Axes, table: np.ndarray) -> None:
    total = table.sum(axis=1, keepdims=True)
    share = np.full(table.shape, np.nan)
    np.divide(100 * table, total, out=share, where=total > 0)
    # Below one, so that a few percent can be told from none.
    norm = PowerNorm(0.6, vmin=0, vmax=100)
    image = axes.imshow(share, cmap='Blues', norm=norm)
    figure.colorbar(image, cax=bar, label='% of the true class')
    size = len(table)
    for row in np.flatnonzero(total[:, 0] == 0):
        axes.axhspan(
            row - 0.5,
            row + 0.5,
            facecolor='#F4F4F4',
            edgecolor='#BBBBBB',
            hatch='////',
            linewidth=0,
        )
    axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
    axes.grid(which='minor', color='#EEEEEE', linewidth=0.4)
    axes.tick_params(which='minor', length=0)
    if size <= _MAX_WRITTEN:
        for row, column in zip(*np.nonzero(np.nan_to_num(share) >= 0.5)):
            value = share[row, column]
            axes.text(
                column,
                row,
                f'{value:.0f}',
                ha='center',
                va='center',
                fontsize=7.5,
                color='white' if value > 40 else 'black',
            )


def _label(axes: Axes, columns: Sequence[str], rows: Sequence[str]) -> None:
    font = 8.5 if len(rows) <= _MAX_WRITTEN else 6.5
    places = np.arange(len(rows))
    axes.set_xticks(places)
    axes.set_xticklabels(columns, rotation=90, fontsize=font)
    axes.set_yticks(places)
    axes.set_yticklabels(rows, fontsize=font)
    axes.tick_params(length=0, pad=7)
    axes.set_xlabel('predicted class')
    axes.set_ylabel('true class (training samples)')


def _strips(axes: Axes, groups: np.ndarray, width: float) -> None:
    """Colour of the group beside each row and below each column."""
    inches = axes.get_position().width * width
    thick, gap = 0.06 / inches, 0.02 / inches
    across, down = axes.get_yaxis_transform(), axes.get_xaxis_transform()
    for place, name in enumerate(groups):
        look = dict(
            color=GROUP_COLOURS[name], clip_on=False, linewidth=0, zorder=4
        )
        axes.axhspan(
            place - 0.5, place + 0.5, -gap - thick, -gap, **look
        ).set_transform(across)
        axes.axvspan(
            place - 0.5, place + 0.5, -gap - thick, -gap, **look
        ).set_transform(down)
