"""One body per class, its parts coloured by saliency (Fig. 3 of the paper)."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from ..skeletons import Layout, get_layout
from ..skeletons.layout import LayoutLike
from .body import draw_body, find_sides, reference_body
from .saliency import (
    Combinations,
    best_combinations,
    combination_names,
    part_saliency,
    part_symbols,
    read_table,
)
from .style import (
    HATCH,
    ClassOrder,
    draw_scale,
    fit,
    head_line,
    new_figure,
    saliency_scale,
    save_figure,
)

BAR_LABELS = {
    'all': 'saliency of the part',
    'class': "saliency of the part / the class's largest",
}
NOISE = '#FFFFFF'


def plot_bodies(
    values: np.ndarray,
    path: str | Path,
    *,
    layout: LayoutLike,
    combinations: Combinations,
    part_values: np.ndarray | None = None,
    part_errors: np.ndarray | None = None,
    pose: np.ndarray | None = None,
    class_counts: Sequence[float] | np.ndarray | None = None,
    classes: Sequence[str] | None = None,
    updates: np.ndarray | None = None,
    thresholds: tuple[float, float] = (20, 100),
    scale: str = 'all',
    columns: int | None = None,
    title: str | None = None,
) -> Path:
    """Draw a body for each class and name its three best combinations.

    Classes are sorted by training count, largest first, and headed by the
    colour of their group. A class of which nothing is known has a grey body
    on hatched ground; one whose values cannot be told from zero is white.

    Args:
        values (np.ndarray): Saliency ``(K, B)``; ranked as it is.
        path (str | Path): Image to write; the suffix chooses the format.
        layout (str or dict or Layout): Joint layout with its P parts.
        combinations (Sequence[Sequence[int]]): Part indices of each column.
        part_values (np.ndarray, optional): Saliency of each part ``(K, P)``.
            Defaults to None, the mean over the combinations that contain it.
        part_errors (np.ndarray, optional): Standard error of each part's
            value ``(K, P)``, NaN where unknown. A class is within noise
            where no value is significant at 5 %, corrected for P values
            (Bonferroni). Defaults to None: nothing is known of noise.
        pose (np.ndarray, optional): Joints of the body to draw ``(V, C)`` or
            ``(M, V, C)``, of which the first counts. Defaults to None, a
            schematic body.
        class_counts (Sequence[float] | np.ndarray, optional): Training
            samples of each class ``(K,)``. Defaults to None, which keeps the
            order of the table and draws no groups.
        classes (Sequence[str], optional): Names of the classes. Defaults to
            None, which shows indices.
        updates (np.ndarray, optional): Updates of each entry ``(K, B)`` or
            class ``(K,)``. Defaults to None: every entry is known.
        thresholds (tuple[float, float]): Counts (few, many) that bound the
            groups. Defaults to (20, 100).
        scale (str): ``'all'`` has one scale for all bodies; ``'class'``
            colours a part by its share of the class's largest magnitude.
            Defaults to 'all'.
        columns (int, optional): Bodies side by side. Defaults to None, by
            the number of classes.
        title (str, optional): Title. Defaults to None, a generic one.

    Returns:
        Path: The image.

    Raises:
        ValueError: If shapes, names, counts or parts disagree.
    """
    if scale not in BAR_LABELS:
        raise ValueError(f"scale must be 'all' or 'class', got {scale!r}")
    layout = get_layout(layout)
    table = read_table(values, combinations, layout.num_parts, updates)
    means = part_saliency(table, combinations, layout.num_parts)
    if part_values is not None:
        given = _read_parts(part_values, means, 'part_values')
        means = np.where(np.isnan(means).all(1)[:, None], np.nan, given)
    noisy = np.zeros(len(table), bool)
    if part_errors is not None:
        errors = _read_parts(part_errors, means, 'part_errors')
        noisy = _within_noise(means, errors)
    if scale == 'class':
        largest = np.nan_to_num(np.abs(means)).max(1, keepdims=True)
        means = means / np.where(largest > 0, largest, 1)
    order = ClassOrder.by_count(
        len(table), class_counts, classes, thresholds, 30
    )
    colours = saliency_scale(means)
    shown = colours.to_rgba(means)
    shown[noisy] = to_rgba(NOISE)
    names = combination_names(combinations, layout.part_names)
    best = [[names[b] for b in best_combinations(row)] for row in table]
    sheet = _Sheet.plan(len(table), columns)
    figure = new_figure(sheet.size)
    axes = figure.subplots()
    axes.set(xlim=(0, sheet.size[0]), ylim=(sheet.size[1], 0))
    axes.set_axis_off()
    # Paper has y upwards, the sheet downwards.
    body = reference_body(layout, pose) * (1, -1)
    for place, index in enumerate(order.indices.tolist()):
        sheet.draw_head(axes, place, order.labels[place], order.colours[place])
        sheet.draw_body(
            axes, place, body, layout, shown[index], not best[index]
        )
        sheet.draw_foot(axes, place, best[index], bool(noisy[index]))
    marks = [Patch(facecolor=NOISE, edgecolor='#555555', label='within noise')]
    title = title or 'Saliency of body parts'
    head_line(
        figure,
        title,
        order.legend + (marks if noisy.any() else []),
        sheet.size[0],
    )
    draw_scale(colours, axes, sheet.size[0], BAR_LABELS[scale])
    _key(figure, layout, sheet.size[0])
    fit(figure, [axes], sheet.size)
    return save_figure(figure, path)


class _Sheet(NamedTuple):
    """Cells of equal size, filled row by row; sizes in inches and points."""

    cells: int
    columns: int
    wide: float
    tall: float
    font: float

    @classmethod
    def plan(cls, cells: int, columns: int | None) -> _Sheet:
        """Choose sizes for a number of bodies."""
        if columns is None:
            columns = min(max(math.ceil(math.sqrt(1.8 * cells)), 5), 12)
        if columns < 1:
            raise ValueError(f'columns must be at least 1, got {columns}')
        if cells <= 24:
            return cls(cells, columns, 1.5, 1.35, 8.5)
        return cls(cells, columns, 1.25, 1.1, 7.5)

    @property
    def line(self) -> float:
        """Height of a line of text."""
        return self.font * 1.25 / 72

    @property
    def pitch(self) -> float:
        """Height of a cell with the gap below it."""
        return 0.42 + 5 * self.line + self.tall

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of all cells."""
        rows = math.ceil(self.cells / self.columns)
        return max(self.wide * self.columns, 6.6), rows * self.pitch

    def _corner(self, place: int) -> tuple[float, float]:
        row, column = divmod(place, self.columns)
        return column * self.wide, row * self.pitch

    def draw_head(
        self, axes: Axes, place: int, label: str, colour: str
    ) -> None:
        """Name a class under the colour of its group, in two lines."""
        left, top = self._corner(place)
        bar = Rectangle(
            (left + 0.05, top), self.wide - 0.1, 0.05, color=colour
        )
        axes.add_patch(bar).set_linewidth(0)
        letters = int((self.wide - 0.1) * 72 / (0.56 * self.font))
        self._write(axes, place, top + 0.08, _two_lines(label, letters))

    def draw_body(
        self,
        axes: Axes,
        place: int,
        points: np.ndarray,
        layout: Layout,
        colours: np.ndarray,
        unknown: bool,
    ) -> None:
        """Draw a body, of height 1 around the origin, in colours (P, 4)."""
        left, top = self._corner(place)
        top += 0.17 + 2 * self.line
        if unknown:
            ground = (
                (left + 0.05, top - 0.06),
                self.wide - 0.1,
                self.tall + 0.12,
            )
            axes.add_patch(Rectangle(*ground, **HATCH))
        joints = np.empty((layout.num_joints, 4))
        for part, members in enumerate(layout.parts):
            joints[list(members)] = colours[part]
        width = np.ptp(points[:, 0])
        size = min(self.tall, (self.wide - 0.25) / max(width, 1e-9))
        middle = left + self.wide / 2, top + self.tall / 2
        draw_body(
            axes, middle + size * points, layout, joints, width=2.2 * self.tall
        )

    def draw_foot(
        self, axes: Axes, place: int, best: Sequence[str], noisy: bool
    ) -> None:
        """Name the best combinations, or say why there are none."""
        top = self._corner(place)[1] + 0.27 + 2 * self.line + self.tall
        if not best or noisy:
            note = 'within noise' if best else 'no samples'
            self._write(
                axes, place, top, note, style='italic', color='#666666'
            )
            return
        for rank, name in enumerate(best):
            look = {} if rank else dict(fontweight='bold')
            self._write(axes, place, top + rank * self.line, name, **look)

    def _write(
        self, axes: Axes, place: int, y: float, text: str, **look: Any
    ) -> None:
        x = self._corner(place)[0] + self.wide / 2
        look.update(
            ha='center',
            va='top',
            fontsize=self.font,
            linespacing=1.05,
            in_layout=False,
        )
        axes.text(x, y, text, **look)


def _two_lines(label: str, letters: int) -> str:
    """Break a name over two lines, between words if they fit."""
    lines = textwrap.wrap(label, letters)
    if len(lines) <= 2:
        return '\n'.join(lines)
    return f'{label[:letters].rstrip()}\n{label[letters:].lstrip()}'


def _read_parts(given: np.ndarray, means: np.ndarray, name: str) -> np.ndarray:
    """Check values of parts; what is not finite is unknown."""
    values = np.array(given, dtype=np.float64)
    if values.shape != means.shape:
        raise ValueError(
            f'{name} has shape {values.shape}, expected {means.shape}'
        )
    return np.where(np.isfinite(values), values, np.nan)


def _within_noise(means: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Classes no part of which differs from zero, (K,)."""
    quantile = NormalDist().inv_cdf(1 - 0.025 / means.shape[1])
    judged = np.isfinite(means) & np.isfinite(errors)
    differs = judged & (np.abs(means) > quantile * np.nan_to_num(errors))
    return judged.any(1) & ~differs.any(1)


def _key(figure: Figure, layout: Layout, width: float) -> None:
    """Say what the symbols mean, and which side is left."""
    pairs = zip(part_symbols(layout.part_names), layout.part_names)
    key = ',  '.join(f'{symbol} = {name}' for symbol, name in pairs)
    key = key.replace('_', ' ') + '.'
    sides = find_sides(layout)
    if sides is not None and sides.named:
        key += "  Bodies face the reader: their left is on the reader's right."
    else:
        key += '  The layout does not tell left from right: bodies may be '
        key += 'seen from behind.'
    key += '  Below each body, its three best combinations.'
    lines = textwrap.wrap(key, int(width * 72 / (0.5 * 8.5)))
    figure.supxlabel('\n'.join(lines), fontsize=8.5, x=0.01, ha='left')
