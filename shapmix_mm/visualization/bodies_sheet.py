"""Sheet of the figure of bodies: its cells, head and foot."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from ..skeletons import Layout
from .body import draw_body
from .saliency_panels import HATCH
from .style import GROUP_COLOURS

MARGIN = 0.15
BAR = 2.4


@dataclass(frozen=True)
class BodySheet:
    """Sizes in inches and points; cells are filled row by row.

    Args:
        cells (int): Number of bodies.
        columns (int): Bodies side by side.
        cell (float): Width of a cell.
        body (float): Height of a body.
        font (float): Size of text in cells, in points.
        head (float): Height of title and legend.
        foot (float): Height of colour bar and key.
    """

    cells: int
    columns: int
    cell: float
    body: float
    font: float
    head: float = 0.8
    foot: float = 0.75

    @classmethod
    def plan(
        cls, cells: int, columns: int | None = None, *, legend: bool = True
    ) -> BodySheet:
        """Choose sizes for a number of bodies.

        Args:
            cells (int): Number of bodies.
            columns (int, optional): Bodies side by side. Defaults to None.
            legend (bool): Whether the head has a legend. Defaults to True.

        Returns:
            BodySheet: The sheet.

        Raises:
            ValueError: If columns is no positive number.
        """
        if columns is None:
            columns = min(max(math.ceil(math.sqrt(1.8 * cells)), 5), 12)
        if columns < 1:
            raise ValueError(f'columns must be at least 1, got {columns}')
        head = 0.8 if legend else 0.5
        if cells <= 24:
            return cls(cells, columns, 1.5, 1.35, font=8.5, head=head)
        return cls(cells, columns, 1.25, 1.1, font=7.5, head=head)

    @property
    def line(self) -> float:
        """Height of a line of text."""
        return self.font * 1.25 / 72

    @property
    def pitch(self) -> float:
        """Height of a cell with the gap below it."""
        return 0.42 + 5 * self.line + self.body

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the figure."""
        rows = math.ceil(self.cells / self.columns)
        width = 2 * MARGIN + self.cell * self.columns
        return max(width, 6.9), self.head + rows * self.pitch + self.foot

    def corner(self, place: int) -> tuple[float, float]:
        """Left and top edge of a cell."""
        row, column = divmod(place, self.columns)
        top = self.size[1] - self.head - row * self.pitch
        return MARGIN + column * self.cell, top

    def canvas(self, figure: Figure) -> Axes:
        """Axes over the whole figure, in inches."""
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, self.size[0])
        axes.set_ylim(0, self.size[1])
        return axes


def draw_cell(
    axes: Axes,
    sheet: BodySheet,
    place: int,
    cell: tuple[str, str, Sequence[str]],
    shown: tuple[np.ndarray, Layout, np.ndarray],
) -> None:
    """Draw a class: name, body, and its best combinations below.

    Args:
        axes (Axes): The canvas, in inches.
        sheet (BodySheet): The sheet.
        place (int): Number of the cell.
        cell (tuple[str, str, Sequence[str]]): Name of the class, its group,
            and its best combinations; none of these marks it as unknown.
        shown (tuple[np.ndarray, Layout, np.ndarray]): Joints (V, 2) of
            height 1 around the origin, layout, and colour of each part
            (P, 4).
    """
    (label, group, best), (points, layout, colours) = cell, shown
    left, top = sheet.corner(place)
    left, wide = left + 0.05, sheet.cell - 0.1
    edge = GROUP_COLOURS.get(group, '#999999')
    corner = left, top - 0.05
    axes.add_patch(Rectangle(corner, wide, 0.05, color=edge, linewidth=0))
    letters = int(wide * 72 / (0.56 * sheet.font))
    text = _two_lines(label.replace('_', ' '), letters)
    style: dict[str, Any] = dict(ha='center', va='top', fontsize=sheet.font)
    middle = left + wide / 2
    axes.text(middle, top - 0.08, text, linespacing=1.05, **style)
    floor = top - 0.17 - 2 * sheet.line - sheet.body
    if not best:
        corner = left, floor - 0.06
        ground = Rectangle(corner, wide, sheet.body + 0.12, **HATCH)
        axes.add_patch(ground).set_zorder(0.5)
    # Wide bodies shrink until they fit between the neighbours.
    room = (wide - 0.2) / max(np.ptp(points[:, 0]), 1e-9)
    placed = points * min(sheet.body, room)
    placed = placed + (middle, floor + sheet.body / 2)
    part = layout.part_mask().argmax(0)
    draw_body(axes, placed, layout, colours[part], width=0.42 * sheet.font)
    for rank, name in enumerate(best or ['no samples']):
        drawn = axes.text(
            middle, floor - 0.1 - rank * sheet.line, name, **style
        )
        if not best:
            drawn.set(fontstyle='italic', color='#666666')
        elif rank == 0:
            drawn.set_fontweight('bold')


def draw_head(
    figure: Figure, sheet: BodySheet, title: str, legend: Sequence[Patch]
) -> None:
    """Title and group legend, at the top left."""
    width, height = sheet.size
    x = (MARGIN + 0.05) / width
    style: dict[str, Any] = dict(fontsize=12, fontweight='bold', va='top')
    figure.text(x, 1 - 0.13 / height, title, **style)
    if legend:
        figure.legend(
            handles=legend,
            ncols=len(legend),
            frameon=False,
            fontsize=9,
            loc='upper left',
            borderpad=0,
            borderaxespad=0,
            bbox_to_anchor=(x, 1 - 0.42 / height),
        )


def draw_foot(
    figure: Figure,
    sheet: BodySheet,
    scale: ScalarMappable,
    key: str,
    label: str,
) -> None:
    """Colour bar at the bottom left, and what the symbols mean beside it."""
    width, height = sheet.size
    left = MARGIN + 0.05
    box = (left / width, 0.45 / height, BAR / width, 0.1 / height)
    norm = scale.norm
    bar = figure.colorbar(
        scale,
        cax=figure.add_axes(box),
        extend='both' if norm.vmin else 'max',
        orientation='horizontal',
    )
    bar.locator = MaxNLocator(5)
    bar.ax.tick_params(labelsize=7.5)
    bar.set_label(label, fontsize=8.5)
    letters = int((width - left - BAR - 0.4 - MARGIN) * 72 / (0.5 * 8.5))
    lines = textwrap.wrap(
        f'{key}  Below each body, its three best combinations.', letters
    )
    figure.text(
        (left + BAR + 0.35) / width,
        0.58 / height,
        '\n'.join(lines),
        fontsize=8.5,
        va='top',
    )


def _two_lines(label: str, letters: int) -> str:
    """Break a name over two lines; cut what still does not fit."""
    name, bracket, count = label.rpartition(' (')
    if not bracket:
        name, count = label, ''
    tail = bracket + count
    lines = textwrap.wrap(label, letters, break_long_words=True)
    if len(lines) <= 2:
        return '\n'.join(lines)
    first = textwrap.wrap(name, letters)[0]
    rest = name[len(first) :].strip()
    room = max(letters - len(tail) - 2, 1)
    return f'{first}\n{rest[:room].rstrip()}..{tail}'
