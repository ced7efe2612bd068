"""Overview of a table's history: stability, leading parts, legends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from .class_order import ClassOrder
from .history_panels import ALL, WHOLE, HistorySheet, frame_panel, mark_of
from .style import GROUP_COLOURS, PART_COLOURS


def draw_agreement(
    axes: Axes, steps: np.ndarray, agreement: np.ndarray, groups: np.ndarray
) -> None:
    """Draw the mean rank correlation with the final table, per group.

    Args:
        axes (Axes): The panel.
        steps (np.ndarray): Epochs (E,).
        agreement (np.ndarray): Correlations (E, K).
        groups (np.ndarray): Group of each class (K,).
    """
    frame_panel(axes, steps, 'rank correlation with the end', '')
    axes.axhline(0, color='#BBBBBB', linewidth=0.7, zorder=0)
    low = -0.1
    for name in dict.fromkeys(groups.tolist()):
        rows = agreement[:, groups == name]
        known = np.isfinite(rows).sum(1)
        total = np.where(np.isfinite(rows), rows, 0).sum(1)
        mean = np.where(known > 0, total / np.maximum(known, 1), np.nan)
        colour = GROUP_COLOURS.get(name, ALL)
        style: dict[str, Any] = dict(
            marker=mark_of(steps), markersize=2.5, linewidth=1.6
        )
        axes.plot(steps, mean, color=colour, **style)
        if np.isfinite(mean).any():
            low = min(low, float(np.nanmin(mean)) - 0.05)
    axes.set_ylim(low, 1.05)
    axes.set_xlabel('epoch', fontsize=8, labelpad=1)


def draw_leaders(
    axes: Axes, steps: np.ndarray, leaders: np.ndarray, order: ClassOrder
) -> None:
    """Draw the leading part of every class at every epoch.

    Args:
        axes (Axes): The strip.
        steps (np.ndarray): Epochs (E,).
        leaders (np.ndarray): Part numbers (K, E), NaN where unknown.
        order (ClassOrder): Labels and groups of the classes.
    """
    labels, groups = order.labels, order.groups
    edges = np.concatenate(
        ([steps[0] - 0.5], (steps[1:] + steps[:-1]) / 2, [steps[-1] + 0.5])
    )
    colours = ListedColormap(PART_COLOURS)
    axes.set_facecolor('#DDDDDD')
    axes.pcolormesh(
        edges,
        np.arange(len(leaders) + 1) - 0.5,
        np.ma.masked_invalid(leaders),
        cmap=colours,
        norm=BoundaryNorm(np.arange(colours.N + 1) - 0.5, colours.N),
    )
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_yticks(range(len(labels)), labels)
    for row, group in enumerate(groups):
        if group in GROUP_COLOURS:
            bar = Rectangle((-0.02, row - 0.5), 0.014, 1, linewidth=0)
            bar.set(transform=axes.get_yaxis_transform(), clip_on=False)
            bar.set_color(GROUP_COLOURS[group])
            axes.add_patch(bar)
    axes.tick_params(labelsize=7.5, length=0, pad=15)
    axes.tick_params(axis='x', length=2, pad=2)
    axes.xaxis.set_major_locator(MaxNLocator(10, **WHOLE))
    axes.set_xlabel('epoch', fontsize=8, labelpad=1)
    axes.set_title('leading part of each class', fontsize=8.5, loc='left')
    for row in np.flatnonzero(groups[1:] != groups[:-1]).tolist():
        axes.axhline(row + 0.5, color='white', linewidth=2)


def draw_top(
    figure: Figure,
    sheet: HistorySheet,
    title: str,
    part_names: Sequence[str],
    groups: Sequence[Patch],
) -> None:
    """Title, parts and groups, at the top left."""
    width, height = sheet.size
    x = 0.2 / width
    style: dict[str, Any] = dict(fontsize=12, fontweight='bold', va='top')
    figure.text(x, 1 - 0.12 / height, title, **style)
    lines = [
        Line2D([], [], color=colour, linewidth=3, label=name.replace('_', ' '))
        for name, colour in zip(part_names, PART_COLOURS)
    ]
    for handles, depth in ((lines, 0.4), (list(groups), 0.6)):
        if handles:
            figure.legend(
                handles=handles,
                ncols=len(handles),
                frameon=False,
                fontsize=8.5,
                loc='upper left',
                borderpad=0,
                borderaxespad=0,
                handlelength=1.5,
                columnspacing=1.3,
                bbox_to_anchor=(x, 1 - depth / height),
            )
