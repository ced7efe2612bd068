"""Panels of the figure of the saliency table's history."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from .saliency_panels import CHAR
from .style import GROUP_COLOURS, PART_COLOURS

ALL = '#333333'
LEFT, HEAD, FOOT = 0.7, 1.05, 0.45
WHOLE: dict[str, Any] = dict(integer=True, min_n_ticks=1)


@dataclass(frozen=True)
class HistorySheet:
    """Sizes in inches: a grid of panels, and a strip per class below it.

    Args:
        panels (int): Number of panels, the last for the rank correlation.
        columns (int): Panels side by side.
        wide (float): Width of a panel.
        rows (int): Classes of the strip, 0 without one.
        labels (float): Width of the strip's labels.
        tall (float): Height of a panel.
        gap_x (float): Gap between columns.
        gap_y (float): Gap between rows of panels.
        row (float): Height of a row of the strip.
    """

    panels: int
    columns: int
    wide: float
    rows: int = 0
    labels: float = 0.0
    tall: float = 1.25
    gap_x: float = 0.35
    gap_y: float = 0.5
    row: float = 0.155

    @classmethod
    def plan(
        cls, labels: Sequence[str], groups: int, *, strip: bool
    ) -> HistorySheet:
        """Choose sizes.

        Args:
            labels (Sequence[str]): Labels of the classes.
            groups (int): Number of groups that have classes.
            strip (bool): Whether classes share panels and have a strip.

        Returns:
            HistorySheet: The sheet.
        """
        if strip:
            room = 0.3 + CHAR * max(map(len, labels))
            panels = groups + 1
            wide = max(2.2, (7.5 - LEFT) / panels - 0.55)
            tall, gap = 1.9, 0.55
            return cls(panels, panels, wide, len(labels), room, tall, gap)
        panels = len(labels) + 1
        # The fewest empty places; of equals, the widest grid.
        columns = min((6, 5, 4), key=lambda number: -panels % number)
        return cls(panels, min(columns, max(panels, 3)), 1.95)

    @property
    def strip(self) -> bool:
        """Whether there is a strip."""
        return self.rows > 0

    @property
    def grid(self) -> float:
        """Height of the grid of panels."""
        rows = math.ceil(self.panels / self.columns)
        return rows * (self.tall + self.gap_y)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the figure."""
        width = LEFT + self.columns * (self.wide + self.gap_x)
        below = self.rows * self.row + 0.5 if self.strip else 0.0
        return width, HEAD + self.grid + below + FOOT - 0.2

    def panel(self, figure: Figure, place: int) -> Axes:
        """Add the panel of a place, row by row."""
        row, column = divmod(place, self.columns)
        x, y = self.size
        left = LEFT + column * (self.wide + self.gap_x)
        low = y - HEAD - row * (self.tall + self.gap_y) - self.tall
        box = (left / x, low / y, self.wide / x, self.tall / y)
        axes = figure.add_axes(box)
        axes.tick_params(labelsize=7.5, length=2)
        axes.xaxis.set_major_locator(MaxNLocator(5, **WHOLE))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        for side in ('top', 'right'):
            axes.spines[side].set_visible(False)
        if column and place < self.panels - 1:
            axes.tick_params(labelleft=False)
        return axes

    def strip_axes(self, figure: Figure) -> Axes:
        """Add the strip."""
        x, y = self.size
        left = self.labels + 0.2
        box = (left / x, FOOT / y, 1 - (left + 0.2) / x)
        return figure.add_axes((*box, self.rows * self.row / y))


def mark_of(steps: np.ndarray) -> str:
    """A line of few points shows them; of one there is nothing else.

    Args:
        steps (np.ndarray): Epochs (E,).

    Returns:
        str: Marker of the line.
    """
    return 'o' if len(steps) <= 12 else ''


def frame_panel(axes: Axes, steps: np.ndarray, title: str, group: str) -> None:
    """Give a panel its title, the colour of its group and its epochs.

    Args:
        axes (Axes): The panel.
        steps (np.ndarray): Epochs (E,).
        title (str): Title.
        group (str): Group, or anything else for none.
    """
    colour = GROUP_COLOURS.get(group, ALL)
    axes.set_title(title, fontsize=8.5, loc='left', pad=7)
    bar = Rectangle((0, 1.01), 1, 0.03, color=colour, linewidth=0)
    bar.set(transform=axes.transAxes, clip_on=False)
    axes.add_patch(bar)
    pad = 0.03 * (steps[-1] - steps[0]) or 0.5
    axes.set_xlim(steps[0] - pad, steps[-1] + pad)


def value_limits(values: np.ndarray) -> tuple[float, float]:
    """Range of an axis, with zero in it; the odd outlier may leave it.

    Args:
        values (np.ndarray): What is drawn, of any shape, NaN where unknown.

    Returns:
        tuple[float, float]: Lower and upper end.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return -1.0, 1.0
    low, high = np.quantile(known, (0.002, 0.998)).tolist()
    low, high = min(low, 0.0), max(high, 0.0)
    pad = 0.08 * (high - low) or 1e-3
    return low - pad, high + pad


def draw_class(
    axes: Axes,
    steps: np.ndarray,
    parts: np.ndarray,
    label: str,
    group: str,
    limits: tuple[float, float],
) -> None:
    """Draw one line per part for a class.

    Args:
        axes (Axes): The panel.
        steps (np.ndarray): Epochs (E,).
        parts (np.ndarray): Saliency (E, P).
        label (str): Name of the class.
        group (str): Its group.
        limits (tuple[float, float]): Range of the axis.
    """
    frame_panel(axes, steps, label.replace('_', ' '), group)
    axes.axhline(0, color='#BBBBBB', linewidth=0.7, zorder=0)
    axes.set_ylim(*limits)
    if not np.isfinite(parts).any():
        style: dict[str, Any] = dict(
            color='#666666', style='italic', fontsize=8
        )
        where: dict[str, Any] = dict(
            transform=axes.transAxes, ha='center', va='center'
        )
        axes.text(0.5, 0.5, 'no samples', **style, **where)
    for part, line in enumerate(parts.T):
        axes.plot(
            steps,
            line,
            color=PART_COLOURS[part],
            marker=mark_of(steps),
            markersize=2.5,
            linewidth=1.3,
        )


def draw_group(
    axes: Axes, steps: np.ndarray, parts: np.ndarray, group: str
) -> None:
    """Draw mean and quartiles over the classes of a group, per part.

    Args:
        axes (Axes): The panel.
        steps (np.ndarray): Epochs (E,).
        parts (np.ndarray): Saliency (E, classes, P).
        group (str): Name of the group.
    """
    with warnings.catch_warnings():
        # Epochs at which nothing is known give NaN, which is not drawn.
        warnings.simplefilter('ignore', RuntimeWarning)
        means = np.nanmean(parts, axis=1)
        low, high = np.nanquantile(parts, (0.25, 0.75), axis=1)
    title = f'{group}: mean and quartiles of {parts.shape[1]}'
    limits = value_limits(np.stack([means, low, high]))
    draw_class(axes, steps, means, title, group, limits)
    axes.tick_params(labelleft=True)
    for part in range(parts.shape[2]):
        style: dict[str, Any] = dict(
            color=PART_COLOURS[part], alpha=0.15, linewidth=0
        )
        axes.fill_between(steps, low[:, part], high[:, part], **style)
    axes.set_xlabel('epoch', fontsize=8, labelpad=1)
