"""The saliency table's way through the training: numbers and figure."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy.stats import spearmanr
from typing_extensions import Unpack

from ..evaluation.functional import GROUPS
from .saliency import Combinations, part_saliency, read_table
from .style import (
    GROUP_COLOURS,
    PART_COLOURS,
    UNGROUPED,
    ClassNames,
    ClassOrder,
    draw_cells,
    head_line,
    label_classes,
    new_figure,
    save_figure,
    tidy,
)

MAX_PANELS = 24
_ALL = '#333333'
_ROW = 0.155
_STRIP = 'leading part of each class'


def rank_agreement(history: np.ndarray) -> np.ndarray:
    """Spearman correlation of each class's row with its final state.

    Args:
        history (np.ndarray): Tables ``(E, K, B)``, NaN where unknown.

    Returns:
        np.ndarray: ``(E, K)``; NaN where fewer than 3 entries are known, or
        all of them are equal.
    """
    found = np.full(history.shape[:2], np.nan)
    for place in np.ndindex(found.shape):
        row, final = history[place], history[-1, place[1]]
        both = np.isfinite(row) & np.isfinite(final)
        row, final = row[both], final[both]
        if len(row) >= 3 and np.ptp(row) > 0 and np.ptp(final) > 0:
            found[place] = spearmanr(row, final).statistic
    return found


def leading_part(parts: np.ndarray) -> np.ndarray:
    """Part of the highest saliency; ties go to the first.

    Args:
        parts (np.ndarray): Part means ``(E, K, P)``, NaN where unknown.

    Returns:
        np.ndarray: Part numbers ``(E, K)`` as float, NaN where unknown.
    """
    filled = np.where(np.isfinite(parts), parts, -np.inf)
    return np.where(np.isneginf(filled.max(-1)), np.nan, filled.argmax(-1))


def part_errors(
    history: np.ndarray,
    updates: np.ndarray,
    *,
    combinations: Combinations,
    num_parts: int,
    momentum: float,
) -> np.ndarray:
    """Standard error of each part's mean over a table of moving averages.

    A stationary average with weight ``a`` of the old value has, ``u``
    updates apart, the correlation ``a**u``; so the mean square of its steps
    is ``2 (1 - a**u)`` times its variance. Values that still move on count
    as noise, which errs on the side of caution.

    Args:
        history (np.ndarray): Table after each epoch ``(E, K, B)``; the
            latter half counts.
        updates (np.ndarray): Updates of each entry until then ``(E, K, B)``.
        combinations (Sequence[Sequence[int]]): Parts of each column.
        num_parts (int): P.
        momentum (float): Weight of the old value, 0 to 1.

    Returns:
        np.ndarray: ``(K, P)``; NaN where fewer than three steps are known.
    """
    tables = read_table(history, combinations, num_parts, updates)
    late = slice(len(tables) // 2, None)
    parts = part_saliency(tables[late], combinations, num_parts)
    apart = np.diff(np.mean(updates[late], axis=-1), axis=0)[..., None]
    with np.errstate(divide='ignore', invalid='ignore'):
        variance = np.diff(parts, axis=0) ** 2 / (2 * (1 - momentum**apart))
    known = np.isfinite(variance)
    number = known.sum(0)
    mean = np.where(known, variance, 0).sum(0) / np.maximum(number, 1)
    return np.where(number >= 3, np.sqrt(mean), np.nan)


def plot_saliency_history(
    history: np.ndarray,
    epochs: Sequence[int],
    path: str | Path,
    *,
    combinations: Combinations,
    part_names: Sequence[str],
    updates: np.ndarray | None = None,
    **classes: Unpack[ClassNames],
) -> Path:
    """Draw how saliency per part moved, and when the ranking settled.

    Up to 24 classes have a panel each, a line per part: the mean over the
    combinations that contain it. More classes share a panel per group, with
    the mean over the group's classes and the band between their quartiles,
    above a strip per class that shows the leading part at each epoch. One
    more panel has the mean rank correlation of classes with their own final
    row, which is 1 at the end by definition.

    Args:
        history (np.ndarray): Tables ``(E, K, B)``; NaN where unknown.
        epochs (Sequence[int]): Epoch of each table, ascending.
        path (str | Path): Image to write; the suffix chooses the format.
        combinations (Sequence[Sequence[int]]): Part indices of each column.
        part_names (Sequence[str]): Names of the P parts.
        updates (np.ndarray, optional): Updates of each entry ``(E, K, B)``.
            Defaults to None: every entry is known.
        **classes (Unpack[ClassNames]): Names, counts and thresholds.

    Returns:
        Path: The image.

    Raises:
        ValueError: If the history is empty, or shapes or names disagree.
    """
    tables = read_table(history, combinations, len(part_names), updates)
    steps = np.asarray(epochs)
    if tables.ndim != 3 or len(steps) != len(tables):
        raise ValueError(
            f'history has shape {tables.shape}, expected one table '
            f'(classes, combinations) for each of the {len(steps)} epochs'
        )
    if (np.diff(steps) <= 0).any():
        raise ValueError(f'epochs must ascend, got {list(epochs)}')
    many = tables.shape[1] > MAX_PANELS
    length = 28 if many else 19
    order = ClassOrder.by_count(tables.shape[1], max_length=length, **classes)
    parts = part_saliency(tables, combinations, len(part_names))
    figure, draw = new_figure(), _draw_groups if many else _draw_classes
    last = draw(figure, steps, parts[:, order.indices], order)
    agreement = rank_agreement(tables)[:, order.indices]
    _draw_agreement(last, steps, agreement, order.groups)
    _draw_heads(figure, part_names, order)
    return save_figure(figure, path)


def _draw_heads(
    figure: Figure, part_names: Sequence[str], order: ClassOrder
) -> None:
    """Title and parts at the left, groups at the right."""
    lines = [
        Line2D([], [], color=colour, linewidth=3, label=name.replace('_', ' '))
        for name, colour in zip(part_names, PART_COLOURS)
    ]
    room = figure.get_figwidth() - 2.9 * bool(order.legend)
    head_line(figure, 'Saliency over training', lines, room)
    look: dict[str, Any] = dict(loc='outside upper right', fontsize=8)
    if order.legend:
        figure.legend(handles=order.legend, frameon=False, **look)


def _draw_classes(
    figure: Figure, steps: np.ndarray, parts: np.ndarray, order: ClassOrder
) -> Axes:
    """Draw a panel for each class, all of one range; return one more."""
    number = parts.shape[1] + 1
    # The fewest empty places; of equals, the widest grid.
    columns = min((6, 5, 4), key=lambda width: -number % width)
    columns = min(columns, max(number, 3))
    rows = -(-number // columns)
    figure.set_size_inches(max(2.3 * columns, 8.5), 1.75 * rows + 0.9)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels[number:]:
        axes.set_axis_off()
    limits = _limits(parts)
    for place, label in enumerate(order.labels):
        axes = panels[place]
        _frame(
            axes, steps, label, order.colours[place] if order.legend else _ALL
        )
        _draw_parts(axes, steps, parts[:, place], limits)
        if place % columns:
            axes.tick_params(labelleft=False)
    return panels[number - 1]


def _draw_groups(
    figure: Figure, steps: np.ndarray, parts: np.ndarray, order: ClassOrder
) -> Axes:
    """Draw a panel for each group, and the strip; return one more panel."""
    present = [g for g in (*GROUPS, UNGROUPED) if g in order.groups]
    tall = _ROW * parts.shape[1]
    width = max(2.7 * (len(present) + 1), 8.5)
    figure.set_size_inches(width, tall + 3.8)
    axes = figure.subplot_mosaic(
        [[*present, 'agreement'], [_STRIP] * (len(present) + 1)],
        height_ratios=(1.9, tall),
    )
    for name in present:
        own = parts[:, order.groups == name]
        with warnings.catch_warnings():
            # Epochs at which nothing is known give NaN, which is not drawn.
            warnings.simplefilter('ignore', RuntimeWarning)
            mean = np.nanmean(own, axis=1)
            low, high = np.nanquantile(own, (0.25, 0.75), axis=1)
        title = f'{name}: mean and quartiles of {own.shape[1]}'
        _frame(axes[name], steps, title, GROUP_COLOURS.get(name, _ALL))
        _draw_parts(
            axes[name], steps, mean, _limits(np.stack([mean, low, high]))
        )
        for part, colour in zip(range(own.shape[2]), PART_COLOURS):
            band = steps, low[:, part], high[:, part]
            axes[name].fill_between(
                *band, color=colour, alpha=0.15, linewidth=0
            )
    _draw_leaders(axes[_STRIP], steps, leading_part(parts).T, order)
    return axes['agreement']


def _frame(axes: Axes, steps: np.ndarray, title: str, colour: str) -> None:
    """Give a panel its title over the colour of its group, and its epochs."""
    axes.set_title(title, fontsize=8.5, loc='left', pad=5)
    axes.spines['top'].set(color=colour, linewidth=4)
    tidy(axes, 'right', grid=None)
    axes.axhline(0, color='#BBBBBB', linewidth=0.7, zorder=0)
    pad = 0.03 * (steps[-1] - steps[0]) or 0.5
    axes.set_xlim(steps[0] - pad, steps[-1] + pad)
    axes.tick_params(labelsize=7.5, length=2)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(4))


def _look(steps: np.ndarray) -> dict[str, Any]:
    """A line of few points shows them; of one there is nothing else."""
    return dict(marker='o' if len(steps) <= 12 else '', markersize=2.5)


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Range of an axis, with zero in it."""
    known = values[np.isfinite(values)]
    low, high = known.min(initial=0.0), known.max(initial=0.0)
    pad = 0.08 * (high - low) or 1.0
    return low - pad, high + pad


def _draw_parts(
    axes: Axes,
    steps: np.ndarray,
    parts: np.ndarray,
    limits: tuple[float, float],
) -> None:
    """Draw one line per part, saliency (E, P)."""
    axes.set_ylim(*limits)
    if not np.isfinite(parts).any():
        where: dict[str, Any] = dict(ha='center', transform=axes.transAxes)
        axes.text(0.5, 0.5, 'no samples', fontsize=8, style='italic', **where)
    for line, colour in zip(parts.T, PART_COLOURS):
        axes.plot(steps, line, color=colour, linewidth=1.3, **_look(steps))


def _draw_agreement(
    axes: Axes, steps: np.ndarray, agreement: np.ndarray, groups: np.ndarray
) -> None:
    """Draw the mean rank correlation (E, K) with the end, per group."""
    _frame(axes, steps, 'rank correlation with the end', _ALL)
    low = -0.1
    for name in dict.fromkeys(groups.tolist()):
        rows = agreement[:, groups == name]
        known = np.isfinite(rows)
        total = np.where(known, rows, 0).sum(1)
        mean = np.where(
            known.any(1), total / np.maximum(known.sum(1), 1), np.nan
        )
        colour = GROUP_COLOURS.get(name, _ALL)
        axes.plot(steps, mean, color=colour, linewidth=1.6, **_look(steps))
        low = min([low, *(mean[np.isfinite(mean)] - 0.05).tolist()])
    axes.set_ylim(low, 1.05)
    axes.set_xlabel('epoch', fontsize=8, labelpad=1)


def _draw_leaders(
    axes: Axes, steps: np.ndarray, leaders: np.ndarray, order: ClassOrder
) -> None:
    """Draw the leading part (K, E) of every class at every epoch."""
    between = (steps[1:] + steps[:-1]) / 2
    edges = np.concatenate(([steps[0] - 0.5], between, [steps[-1] + 0.5]))
    colours = ListedColormap(PART_COLOURS)
    norm = BoundaryNorm(np.arange(colours.N + 1) - 0.5, colours.N)
    axes.set_facecolor('#DDDDDD')
    draw_cells(axes, leaders, edges, cmap=colours, norm=norm)
    label_classes(axes.yaxis, order, order.labels, _ROW, fontsize=7.5)
    axes.tick_params(axis='x', labelsize=7.5, length=2)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
    axes.set_xlabel('epoch', fontsize=8, labelpad=1)
    axes.set_title(_STRIP, fontsize=8.5, loc='left')
    order.rule_off(axes, color='white', linewidth=2)
