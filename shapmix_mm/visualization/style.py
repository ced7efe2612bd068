"""What all figures share: colours, class names and their order, saving."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np
from matplotlib.animation import PillowWriter
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.colors import AsinhNorm
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation

from ..evaluation.functional import GROUPS, check_class_counts, class_groups
from ..serialization import whole_file
from .body import UNKNOWN

# From the palette of Okabe and Ito, safe for the colour-blind; their
# lightness differs too, so that they survive grey print.
GROUP_COLOURS = dict(many='#0072B2', medium='#56B4E9', few='#D55E00')
# For parts, of which there are at most 8: no colour of a group is among them.
PART_COLOURS = (
    '#000000',
    '#E69F00',
    '#009E73',
    '#CC79A7',
    '#7A3B00',
    '#8A9A8A',
    '#5E2CA5',
    '#F0E442',
)
UNGROUPED = 'all'
DPI = 150
# Letters of East Asia, which matplotlib's own font lacks: what Linux, Windows
# and macOS have of them, Chinese before the others.
_OTHER_LETTERS = (
    'Noto Sans CJK SC',
    'Noto Sans CJK JP',
    'Noto Sans SC',
    'Source Han Sans SC',
    'WenQuanYi Zen Hei',
    'WenQuanYi Micro Hei',
    'Droid Sans Fallback',
    'Microsoft YaHei',
    'SimHei',
    'Yu Gothic',
    'Malgun Gothic',
    'PingFang SC',
    'Hiragino Sans GB',
    'Arial Unicode MS',
)
HATCH: dict[str, Any] = dict(
    facecolor='white', edgecolor='#999999', hatch='////', linewidth=0
)


def class_labels(
    classes: Sequence[str] | None, num_classes: int, max_length: int = 28
) -> list[str]:
    """Class names, the long ones cut so that they can be told apart.

    Names that begin alike keep their first letters and what differs.

    Args:
        classes (Sequence[str], optional): Names; None stands for indices.
        num_classes (int): K.
        max_length (int): Letters of a label. Defaults to 28.

    Returns:
        list[str]: K labels, no two alike, as matplotlib takes them: a dollar
        has a backslash before it.

    Raises:
        ValueError: If there is another number of names than classes.

    Example:
        >>> class_labels(['raise the left hand', 'raise the left foot'], 2, 12)
        ['raise …hand', 'raise …foot']
    """
    if classes is None:
        return [str(index) for index in range(num_classes)]
    if len(classes) != num_classes:
        raise ValueError(
            f'classes has {len(classes)} names where there are '
            f'{num_classes} classes'
        )
    names = [str(name).replace('_', ' ') for name in classes]
    labels = [_cut(name, max_length) for name in names]
    for label, uses in Counter(labels).items():
        # Equal names differ in nothing.
        if uses > 1 and label not in names:
            alike = [i for i, own in enumerate(labels) if own == label]
            for i, other in zip(alike, _differing(names, alike, max_length)):
                labels[i] = other
    again = Counter(labels)
    labels = [
        label
        if again[label] == 1
        else f'{_cut(label, max_length - 1 - len(str(i)))}#{i}'
        for i, label in enumerate(labels)
    ]
    # What stands between two of them would be set as a formula.
    return [label.replace('$', r'\$') for label in labels]


def _cut(name: str, length: int) -> str:
    return name if len(name) <= length else name[: length - 1].rstrip() + '…'


def _differing(
    names: Sequence[str], alike: Sequence[int], length: int
) -> list[str]:
    """First letters, then the words that differ from the nearest name."""
    words = [names[i].split() for i in alike]
    found = []
    for place, own in enumerate(words):
        others = words[:place] + words[place + 1 :]
        common = max(len(commonprefix([own, other])) for other in others)
        start = min(common, len(own) - 1)
        rest = _cut(' '.join(own[start:]), length - 7)
        head = ' '.join(own)[: length - 1 - len(rest)].rstrip()
        found.append(f'{head}…{rest}')
    return found


class ClassNames(TypedDict, total=False):
    """What figures are told of classes, all of it optional.

    Args:
        class_counts (Sequence[float] | np.ndarray, optional): Training
            samples of each class (K,), by which classes are sorted; without
            them the order stays and no groups are drawn.
        classes (Sequence[str], optional): Names; without them there are
            indices.
        thresholds (tuple[float, float]): Counts (few, many) that bound the
            groups; (20, 100) if left out.
    """

    class_counts: Sequence[float] | np.ndarray | None
    classes: Sequence[str] | None
    thresholds: tuple[float, float]


@dataclass(frozen=True, eq=False)
class ClassOrder:
    """Classes sorted by training count, largest first.

    Args:
        indices (np.ndarray): Class at each place, (K,).
        names (list[str]): Name at each place.
        labels (list[str]): Name and count at each place.
        groups (np.ndarray): Group at each place, (K,); ``'all'`` without
            counts.
        legend (list[Patch]): Legend entry of each group; none without
            counts.
    """

    indices: np.ndarray
    names: list[str]
    labels: list[str]
    groups: np.ndarray
    legend: list[Patch]

    @classmethod
    def by_count(
        cls,
        num_classes: int,
        class_counts: Sequence[float] | np.ndarray | None = None,
        classes: Sequence[str] | None = None,
        thresholds: tuple[float, float] = (20, 100),
        max_length: int = 28,
    ) -> ClassOrder:
        """Sort classes.

        Args:
            num_classes (int): K.
            class_counts (Sequence[float] | np.ndarray, optional): As in
                :class:`ClassNames`. Defaults to None.
            classes (Sequence[str], optional): As there. Defaults to None.
            thresholds (tuple[float, float]): As there. Defaults to
                (20, 100).
            max_length (int): Letters of a name. Defaults to 28.

        Returns:
            ClassOrder: The order.

        Raises:
            ValueError: If names or counts are of another number of classes.
        """
        names = class_labels(classes, num_classes, max_length)
        if class_counts is None:
            everyone = np.full(num_classes, UNGROUPED)
            return cls(np.arange(num_classes), names, names, everyone, [])
        counts = check_class_counts(class_counts, num_classes)
        groups = class_groups(counts, many=thresholds[1], few=thresholds[0])
        order = np.argsort(-counts, kind='stable')
        names = [names[i] for i in order.tolist()]
        return cls(
            order,
            names,
            [f'{name} ({n:.0f})' for name, n in zip(names, counts[order])],
            groups[order],
            _group_legend(groups, *thresholds),
        )

    def rule_off(self, axes: Axes, **look: Any) -> None:
        """Draw a line between the groups, across rows of classes.

        Args:
            axes (Axes): The axes; a row takes one unit.
            **look (Any): How the lines look.
        """
        for row in np.flatnonzero(self.groups[1:] != self.groups[:-1]):
            axes.axhline(float(row) + 0.5, **look)

    @property
    def colours(self) -> list[str]:
        """list[str]: Colour of the group at each place."""
        return [GROUP_COLOURS.get(name, UNKNOWN) for name in self.groups]


def _group_legend(groups: np.ndarray, few: float, many: float) -> list[Patch]:
    """Entries that name each group that has classes, and its size."""
    rules = (f'n > {many:g}', f'{few:g} to {many:g}', f'n < {few:g}')
    sizes = [int((groups == name).sum()) for name in GROUPS]
    return [
        Patch(
            facecolor=GROUP_COLOURS[name],
            label=f'{name} ({rule}): {size} class' + 'es' * (size != 1),
        )
        for name, rule, size in zip(GROUPS, rules, sizes)
        if size
    ]


def label_classes(
    axis: Axis,
    order: ClassOrder,
    labels: Sequence[str],
    pitch: float,
    **font: Any,
) -> None:
    """Name the classes on an axis, each beside the colour of its group.

    The colours are thick tick marks: they stay where names and cells are.

    Args:
        axis (Axis): Axis on which a class takes one unit.
        order (ClassOrder): The classes.
        labels (Sequence[str]): Their labels.
        pitch (float): Length of that unit in inches.
        **font (Any): How the labels look.
    """
    axis.set_ticks(range(len(labels)), list(labels), **font)
    axis.set_tick_params(length=7 if order.legend else 0, pad=2)
    for tick, colour in zip(axis.get_major_ticks(), order.colours):
        for line in (tick.tick1line, tick.tick2line):
            line.set(markeredgecolor=colour, markeredgewidth=72 * pitch)


def saliency_scale(values: np.ndarray) -> ScalarMappable:
    """The colours of saliency: green for what helps, purple what misleads.

    Symmetric about zero where values have signs. Linear up to a twentieth of
    the largest value and logarithmic beyond, so that a few strong classes do
    not turn the others white.

    Args:
        values (np.ndarray): Saliencies of any shape, NaN where unknown.

    Returns:
        ScalarMappable: Unknown values turn grey.
    """
    known = np.abs(values[np.isfinite(values)])
    limit = float(known.max(initial=0)) or 1.0
    signed = bool((values < 0).any())
    norm = AsinhNorm(limit / 20, vmin=-limit * signed, vmax=limit)
    scale = ScalarMappable(norm, 'PRGn' if signed else 'Greens')
    scale.set_cmap(scale.cmap.with_extremes(bad=UNKNOWN))
    return scale


def new_figure(
    size: tuple[float, float] | None = None, **gaps: float
) -> Figure:
    """A figure laid out by matplotlib, measured as it will be saved."""
    figure = Figure(size, dpi=DPI)
    figure.set_layout_engine('constrained', **gaps)
    FigureCanvasAgg(figure)
    return figure


def draw_cells(
    axes: Axes, table: np.ndarray, edges: np.ndarray | None = None, **look: Any
) -> QuadMesh:
    """Colour the cells of a table, rows from top to bottom.

    Args:
        axes (Axes): The axes; a row and a column take one unit each.
        table (np.ndarray): Values (R, C); where NaN nothing is drawn.
        edges (np.ndarray, optional): Edges of the columns (C + 1,).
            Defaults to None.
        **look (Any): For ``Axes.pcolormesh``.

    Returns:
        QuadMesh: The cells.
    """
    rows, columns = (np.arange(size + 1) - 0.5 for size in table.shape)
    across = columns if edges is None else edges
    mesh = axes.pcolormesh(across, rows, np.ma.masked_invalid(table), **look)
    axes.set(xlim=(across[0], across[-1]), ylim=(rows[-1], rows[0]))
    return mesh


def draw_scale(
    scale: ScalarMappable, axes: Axes, wide: float, label: str
) -> None:
    """Draw the colour bar of a scale below axes, at the left.

    Args:
        scale (ScalarMappable): The scale.
        axes (Axes): What it belongs to.
        wide (float): Width of the axes in inches; the bar is no wider.
        label (str): What it shows.
    """
    corner: Any = axes.transAxes
    inches = axes.figure.dpi_scale_trans + ScaledTranslation(0, 0, corner)
    bar = axes.figure.colorbar(
        scale,
        cax=axes.inset_axes((0, -0.25, min(3.5, wide), 0.1), transform=inches),
        orientation='horizontal',
    )
    # Equal steps of colour.
    norm: Any = scale.norm
    ticks = norm.inverse(np.linspace(0, 1, 5))
    bar.set_ticks(ticks, labels=[f'{tick:.2g}' for tick in ticks])
    bar.minorticks_off()
    bar.ax.tick_params(labelsize=7.5)
    bar.set_label(label, fontsize=8.5)


def fit(
    figure: Figure, axes: Sequence[Axes], size: tuple[float, float]
) -> None:
    """Resize a figure until axes side by side have a size in all.

    Layout is left to matplotlib: titles, labels and legends take what they
    need, and the figure grows around them.

    Args:
        figure (Figure): A figure with constrained layout.
        axes (Sequence[Axes]): Axes of one row.
        size (tuple[float, float]): Sum of their widths, and height of the
            first, in inches.
    """
    _add_letters(figure)
    engine: Any = figure.get_layout_engine()
    for _ in range(2):
        engine.execute(figure)
        boxes = [one.get_window_extent() for one in axes]
        have = np.array([sum(b.width for b in boxes), boxes[0].height])
        growth = np.array(size) - have / figure.dpi
        figure.set_size_inches(*(figure.get_size_inches() + growth))
    engine.execute(figure)
    # Saving would lay out once more.
    figure.set_layout_engine('none')


def head_line(
    figure: Figure, title: str, handles: Sequence[Any], width: float
) -> None:
    """Title and legend, at the top left of a figure.

    Args:
        figure (Figure): The figure.
        title (str): Its title, broken into lines where it does not fit.
        handles (Sequence[Any]): Entries of the legend.
        width (float): Inches that the two may take.
    """
    sizes = [0.55 + 0.068 * len(one.get_label()) for one in handles]
    fits = sum(sizes) <= width
    columns = len(sizes) if fits else int(width / max(sizes))
    legend = figure.legend(
        handles=list(handles),
        title=textwrap.fill(title, int(width * 72 / (0.6 * 12))),
        loc='outside upper left',
        ncols=max(columns, 1),
        fontsize=9,
        title_fontsize=12,
        alignment='left',
        frameon=False,
        borderpad=0,
        borderaxespad=0.3,
        columnspacing=1.3,
        handlelength=1.6,
    )
    legend.get_title().set_fontweight('bold')


def tidy(
    axes: Axes, *sides: str, grid: Literal['both', 'x', 'y'] | None = 'both'
) -> None:
    """Grid behind the data, no frame at the sides named.

    Args:
        axes (Axes): The axes.
        *sides (str): Sides without a line; top and right if none is named.
        grid (str, optional): Axis of the grid, or None for no grid.
            Defaults to 'both'.
    """
    for side in sides or ('top', 'right'):
        axes.spines[side].set_visible(False)
    if grid:
        axes.grid(axis=grid, color='#DDDDDD', linewidth=0.7)
        axes.set_axisbelow(True)


def write_gif(
    figure: Figure,
    path: str | Path,
    frames: int,
    draw: Callable[[int], None],
    fps: int,
) -> Path:
    """Write an animation, in whole or not at all, making missing folders.

    Args:
        figure (Figure): The figure, at its first frame.
        path (str | Path): File to write; ends in ``.gif``.
        frames (int): Number of frames.
        draw (Callable[[int], None]): Brings the figure to a frame.
        fps (int): Frames per second.

    Returns:
        Path: The GIF.

    Raises:
        ValueError: If the name has another ending.
    """
    path = Path(path)
    if path.suffix.lower() != '.gif':
        raise ValueError(f'an animation needs a .gif file, got {path}')
    _add_letters(figure)
    figure.draw_without_rendering()
    # What moves must not move the rest.
    figure.set_layout_engine('none')
    writer = PillowWriter(fps=fps)
    with (
        whole_file(path) as scratch,
        writer.saving(figure, str(scratch), dpi=90),
    ):
        for frame in range(frames):
            draw(frame)
            writer.grab_frame(facecolor='white')
    return path


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure, in whole or not at all, making missing folders.

    Drawn on its own Agg canvas: no window, no state in ``pyplot``.
    """
    path = Path(path)
    _add_letters(figure)
    with whole_file(path) as scratch:
        kind = path.suffix.lstrip('.') or 'png'
        figure.savefig(scratch, format=kind, facecolor='white')
    return path


def _add_letters(figure: Figure) -> None:
    """Let texts take letters from other fonts where their own has none."""
    installed = set(get_font_names())
    others = [name for name in _OTHER_LETTERS if name in installed]
    for text in figure.findobj(Text):
        families = dict.fromkeys([*text.get_fontfamily(), *others])
        text.set_fontfamily([*families])
