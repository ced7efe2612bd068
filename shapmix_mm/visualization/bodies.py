"""One body per class, its parts coloured by saliency (Fig. 3 of the paper)."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from typing_extensions import Unpack

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
    ClassNames,
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
    part_errors: np.ndarray | None = None,
    pose: np.ndarray | None = None,
    updates: np.ndarray | None = None,
    scale: str = 'all',
    **classes: Unpack[ClassNames],
) -> Path:
    """Draw a body for each class and name its three best combinations.

    The colour of a part is the mean over the combinations that contain it.
    Classes are sorted by training count, largest first, and headed by the
    colour of their group. A class of which nothing is known has a grey body
    on hatched ground; one whose values cannot be told from zero is white.

    Args:
        values (np.ndarray): Saliency ``(K, B)``; ranked as it is.
        path (str | Path): Image to write; the suffix chooses the format.
        layout (str or dict or Layout): Joint layout with its P parts.
        combinations (Sequence[Sequence[int]]): Part indices of each column.
        part_errors (np.ndarray, optional): Standard error of each part's
            value ``(K, P)``, NaN where unknown. A class is within noise
            where no value is significant at 5 %, corrected for P values
            (Bonferroni). Defaults to None: nothing is known of noise.
        pose (np.ndarray, optional): Joints of the body to draw ``(V, C)`` or
            ``(M, V, C)``, of which the first counts. Defaults to None, a
            schematic body.
        updates (np.ndarray, optional): Updates of each entry ``(K, B)`` or
            class ``(K,)``. Defaults to None: every entry is known.
        scale (str): ``'all'`` has one scale for all bodies; ``'class'``
            colours a part by its share of the class's largest magnitude.
            Defaults to 'all'.
        **classes (Unpack[ClassNames]): Names, counts and thresholds.

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
    noisy = _within_noise(means, part_errors)
    if scale == 'class':
        largest = np.nan_to_num(np.abs(means)).max(1, keepdims=True)
        means = means / np.where(largest > 0, largest, 1)
    colours = saliency_scale(means)
    shown = np.where(
        noisy[:, None, None], to_rgba(NOISE), colours.to_rgba(means)
    )
    names = combination_names(combinations, layout.part_names)
    best = [[names[b] for b in best_combinations(row)] for row in table]
    order = ClassOrder.by_count(len(table), max_length=30, **classes)
    sheet = _Sheet.plan(len(table))
    axes = (figure := new_figure(sheet.size)).subplots()
    drawn = reference_body(layout, pose), layout, shown
    sheet.fill(axes, order, drawn, best, noisy)
    draw_scale(colours, axes, sheet.size[0], BAR_LABELS[scale])
    _head_and_key(figure, layout, order, bool(noisy.any()))
    fit(figure, [axes], sheet.size)
    return save_figure(figure, path)


def _within_noise(means: np.ndarray, errors: np.ndarray | None) -> np.ndarray:
    """Which classes have no part (K, P) that differs from zero, (K,)."""
    if errors is None:
        return np.zeros(len(means), dtype=bool)
    errors = np.asarray(errors, float)
    if errors.shape != means.shape:
        raise ValueError(
            f'part_errors has shape {errors.shape}, expected {means.shape}'
        )
    quantile = NormalDist().inv_cdf(1 - 0.025 / means.shape[1])
    known = np.isfinite(means) & np.isfinite(errors)
    return known.any(1) & ~(np.abs(means) > quantile * errors).any(1)


class _Sheet(NamedTuple):
    """Cells of equal size, filled row by row; inches from the top left."""

    cells: int
    columns: int
    wide: float
    tall: float
    font: float

    @classmethod
    def plan(cls, cells: int) -> _Sheet:
        """Choose sizes for a number of bodies."""
        columns = min(max(math.ceil(math.sqrt(1.8 * cells)), 5), 12)
        sizes = (1.5, 1.35, 8.5) if cells <= 24 else (1.25, 1.1, 7.5)
        return cls(cells, columns, *sizes)

    @property
    def line(self) -> float:
        """Height of a line of text."""
        return self.font * 1.25 / 72

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of all cells."""
        rows = math.ceil(self.cells / self.columns)
        return max(self.wide * self.columns, 6.6), rows * self._pitch

    @property
    def _pitch(self) -> float:
        return 0.42 + 5 * self.line + self.tall

    def _corner(self, place: int) -> tuple[float, float]:
        row, column = divmod(place, self.columns)
        return column * self.wide + 0.05, row * self._pitch

    def fill(
        self,
        axes: Axes,
        order: ClassOrder,
        drawn: tuple[np.ndarray, Layout, np.ndarray],
        best: Sequence[Sequence[str]],
        noisy: np.ndarray,
    ) -> None:
        """Draw all classes: points, layout and colours (K, P, 4), names."""
        axes.set(xlim=(0, self.size[0]), ylim=(self.size[1], 0))
        axes.set_axis_off()
        body, layout, colours = drawn
        for place, index in enumerate(order.indices.tolist()):
            known = best[index], bool(noisy[index])
            self._draw_text(axes, place, order, *known)
            look = colours[index], not best[index]
            self._draw_body(axes, place, body, layout, *look)

    def _draw_text(
        self,
        axes: Axes,
        place: int,
        order: ClassOrder,
        best: Sequence[str],
        noisy: bool,
    ) -> None:
        """Name class and group above, and below what is best, if known."""
        left, top = self._corner(place)
        bar = Rectangle((left, top), self.wide - 0.1, 0.05, linewidth=0)
        axes.add_patch(bar).set_facecolor(order.colours[place])
        letters = int((self.wide - 0.1) * 72 / (0.56 * self.font))
        foot = top + 0.27 + 2 * self.line + self.tall
        lines = [_two_lines(order.labels[place], letters)]
        lines += ['within noise' if noisy else name for name in best[:1]]
        lines += [] if noisy else best[1:]
        lines += [] if best else ['no samples']
        tops = [top + 0.08, *(foot + rank * self.line for rank in range(3))]
        x = left - 0.05 + self.wide / 2
        for rank, (y, text) in enumerate(zip(tops, lines)):
            written = axes.text(x, y, text, ha='center', va='top')
            written.set(fontsize=self.font, linespacing=1.05)
            if rank and (noisy or not best):
                written.set(style='italic', color='#666666')
            elif rank == 1:
                written.set_fontweight('bold')

    def _draw_body(
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
            size = self.wide - 0.1, self.tall + 0.12
            axes.add_patch(Rectangle((left, top - 0.06), *size, **HATCH))
        joints = np.empty((layout.num_joints, 4))
        for part, members in enumerate(layout.parts):
            joints[list(members)] = colours[part]
        width = np.ptp(points[:, 0])
        scale = min(self.tall, (self.wide - 0.25) / max(width, 1e-9))
        middle = left - 0.05 + self.wide / 2, top + self.tall / 2
        # Paper has y upwards, the sheet downwards.
        where = middle + scale * points * (1, -1)
        draw_body(axes, where, layout, joints, width=2.2 * self.tall)
        sides = find_sides(layout)
        if sides is not None and sides.named:
            return
        # Else nobody knows which limb is which.
        names = part_symbols(layout.part_names)
        box = dict(facecolor='white', edgecolor='none', pad=0.5, alpha=0.8)
        for name, members in zip(names, layout.parts):
            x, y = where[list(members)].mean(0)
            note = axes.text(x, y, name, fontsize=7.5, ha='center', bbox=box)
            note.set(va='center', zorder=3, color='#333333')


def _two_lines(label: str, letters: int) -> str:
    """Break a name over two lines, between words if they fit."""
    lines = textwrap.wrap(label, letters)
    if len(lines) <= 2:
        return '\n'.join(lines)
    return f'{label[:letters].rstrip()}\n{label[letters:].lstrip()}'


def _head_and_key(
    figure: Figure, layout: Layout, order: ClassOrder, noisy: bool
) -> None:
    """Title and legend; what the symbols mean, and which side is left."""
    marks = [Patch(facecolor=NOISE, edgecolor='#555555', label='within noise')]
    width = figure.get_figwidth()
    head_line(
        figure, 'Saliency of body parts', order.legend + marks * noisy, width
    )
    pairs = zip(part_symbols(layout.part_names), layout.part_names)
    key = ',  '.join(f'{symbol} = {name}' for symbol, name in pairs)
    sides = find_sides(layout)
    told = sides is not None and sides.named
    key = (
        f'{key.replace("_", " ")}.  '
        + (
            "Bodies face the reader: their left is on the reader's right."
            if told
            else 'The layout does not tell left from right: bodies may be '
            'seen from behind.'
        )
        + '  Below each body, its three best combinations.'
    )
    lines = textwrap.wrap(key, int(width * 72 / (0.5 * 8.5)))
    figure.supxlabel('\n'.join(lines), fontsize=8.5, x=0.01, ha='left')
