"""Panels of the saliency figure: heat maps, best combinations, keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from .saliency_summary import best_combinations
from .style import GROUP_COLOURS

BEST = 3
STRIP = 0.12
COLUMN = 0.27
PART = 0.4
CHAR = 0.068
# White and black on each mark: it must show on the palest and darkest cell.
_MARK: dict[str, Any] = dict(
    marker='o', linestyle='', zorder=4, markeredgewidth=0.8
)
MARKS = (
    dict(_MARK, color='black', markeredgecolor='white', markersize=5.5),
    dict(_MARK, color='white', markeredgecolor='black', markersize=4),
)
HATCH: dict[str, Any] = dict(
    facecolor='white', edgecolor='#999999', hatch='////', linewidth=0
)


@dataclass(frozen=True)
class Sheet:
    """Sizes in inches; the panels stand side by side with equal rows."""

    rows: int
    labels: float
    columns: int
    parts: int
    text: float
    head: float
    foot: float = 1.25
    gap: float = 0.25

    @property
    def row(self) -> float:
        """Height of a row."""
        return 0.26 if self.rows <= 30 else 0.155

    @property
    def font(self) -> float:
        """Size in points of the text in rows."""
        return 9 if self.rows <= 30 else 7.5

    @property
    def lefts(self) -> tuple[float, float, float]:
        """Where heat map, part panel and text begin."""
        heat = self.labels + STRIP + 0.05
        parts = heat + COLUMN * self.columns + self.gap
        return heat, parts, parts + PART * self.parts + self.gap

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the figure."""
        return (
            self.lefts[2] + self.text + 0.15,
            self.head + self.row * self.rows + self.foot,
        )

    def box(
        self, left: float, width: float, *, bar: bool = False
    ) -> tuple[float, float, float, float]:
        """Place a panel, or the colour bar under it, in figure fractions."""
        x, y = self.size
        low, tall = self.foot, self.row * self.rows
        if bar:
            low, tall = self.foot - 0.3, 0.1
        return left / x, low / y, width / x, tall / y


def plan_sheet(
    labels: Sequence[str], names: Sequence[str], part_names: Sequence[str]
) -> Sheet:
    """Size a sheet for all rows, columns and names.

    Args:
        labels (Sequence[str]): Row labels, K of them.
        names (Sequence[str]): Names of the B combinations.
        part_names (Sequence[str]): Names of the P parts.
    """
    widest = max(map(len, names))
    return Sheet(
        rows=len(labels),
        labels=0.3 + CHAR * max(map(len, labels)),
        columns=len(names),
        parts=len(part_names),
        text=BEST * (0.25 + 0.085 * widest),
        head=0.95 + CHAR * max(widest, *map(len, part_names)),
    )


def make_axes(
    figure: Figure, sheet: Sheet, labels: Sequence[str]
) -> tuple[Axes, Axes, Axes]:
    """Add heat map, part panel and text panel, rows from top to bottom."""
    heat, middle, right = sheet.lefts
    panels = (
        figure.add_axes(sheet.box(heat, COLUMN * sheet.columns)),
        figure.add_axes(sheet.box(middle, PART * sheet.parts)),
        figure.add_axes(sheet.box(right, sheet.text)),
    )
    for axes in panels:
        axes.set_ylim(sheet.rows - 0.5, -0.5)
        axes.set_yticks([])
        axes.tick_params(
            length=0, labelsize=sheet.font, labeltop=True, labelbottom=False
        )
        for spine in axes.spines.values():
            spine.set_visible(False)
    panels[0].set_yticks(range(sheet.rows), labels)
    # Leaves room for the group strip between the names and the map.
    panels[0].tick_params(axis='y', pad=72 * (STRIP + 0.08))
    return panels


def draw_table(
    axes: Axes, table: np.ndarray, names: Sequence[str]
) -> AxesImage:
    """Colour the known cells; unknown ones let the hatching show."""
    known = np.abs(table[np.isfinite(table)])
    limit = float(np.quantile(known, 0.99)) if known.size else 1.0
    limit = limit or 1.0
    signed = bool((table < 0).any())
    image = axes.imshow(
        np.ma.masked_invalid(table),
        aspect='auto',
        interpolation='nearest',
        cmap='PRGn' if signed else 'Greens',
        zorder=1,
        norm=Normalize(-limit if signed else 0.0, limit),
    )
    for row, column in np.argwhere(np.isnan(table)):
        axes.add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, zorder=0.5, **HATCH)
        )
    labels = [name.replace('_', ' ') for name in names]
    axes.set_xticks(range(len(names)), labels, rotation=90)
    axes.set_xticks(np.arange(len(names) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(table) - 1) + 0.5, minor=True)
    axes.grid(which='minor', color='white', linewidth=0.6, zorder=2)
    axes.tick_params(which='minor', length=0)
    return image


def draw_colour_bar(
    figure: Figure, sheet: Sheet, image: AxesImage, *, panel: int, label: str
) -> None:
    """Put a colour bar under panel 0 or 1."""
    width = PART * sheet.parts if panel else min(COLUMN * sheet.columns, 4.0)
    box = sheet.box(sheet.lefts[panel], width, bar=True)
    bar = figure.colorbar(
        image,
        cax=figure.add_axes(box),
        extend='both' if image.norm.vmin else 'max',
        orientation='horizontal',
    )
    bar.locator = MaxNLocator(3 if panel else 5)
    bar.ax.tick_params(labelsize=7)
    bar.set_label(label, fontsize=8)


def draw_groups(
    panels: Sequence[Axes], sheet: Sheet, groups: np.ndarray
) -> None:
    """Put a strip of group colours by the names; rule the groups off."""
    inch = 1 / (COLUMN * sheet.columns)
    edges = np.flatnonzero(groups[1:] != groups[:-1])
    starts = [0, *(edges + 1)]
    for start, end in zip(starts, [*starts[1:], sheet.rows]):
        panels[0].add_patch(
            Rectangle(
                (-(STRIP + 0.05) * inch, 1 - end / sheet.rows),
                STRIP * inch,
                (end - start) / sheet.rows,
                transform=panels[0].transAxes,
                clip_on=False,
                color=GROUP_COLOURS[groups[start]],
                linewidth=0,
            )
        )
    for row in edges:
        for axes in panels:
            axes.axhline(row + 0.5, color='black', linewidth=0.8, zorder=3)


def draw_best(
    heat: Axes,
    right: Axes,
    table: np.ndarray,
    names: Sequence[str],
    font: float,
) -> None:
    """Name the best combinations of each class and mark them in the map."""
    right.set_xlim(0, BEST)
    places = np.arange(BEST) + 0.05
    right.set_xticks(places, ('1st', '2nd', '3rd'), ha='left')
    for row, values in enumerate(table):
        best = best_combinations(values, BEST)
        for rank, column in enumerate(best):
            right.text(
                rank + 0.05,
                row,
                names[column],
                va='center',
                fontsize=font,
                fontweight='bold' if rank == 0 else 'normal',
            )
            heat.plot(column, row, **(MARKS[0] if rank == 0 else MARKS[1]))
        if not best:
            style: dict[str, Any] = dict(
                fontsize=font, color='#666666', style='italic'
            )
            right.text(0.05, row, 'not observed', va='center', **style)


def frame_parts(axes: Axes, true_parts: Sequence[Sequence[int]]) -> None:
    """Frame the parts that are known to tell a class apart."""
    for row, parts in enumerate(true_parts):
        for part in parts:
            axes.add_patch(
                Rectangle(
                    (part - 0.42, row - 0.42),
                    0.84,
                    0.84,
                    fill=False,
                    edgecolor='black',
                    linewidth=1.4,
                    zorder=5,
                )
            )
