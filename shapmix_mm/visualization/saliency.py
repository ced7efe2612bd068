"""Figure of the learnt saliency: classes against part combinations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..evaluation.functional import check_class_counts, class_groups
from .saliency_panels import (
    HATCH,
    MARKS,
    Sheet,
    draw_best,
    draw_colour_bar,
    draw_groups,
    draw_table,
    frame_parts,
    make_axes,
    plan_sheet,
)
from .saliency_summary import (
    Combinations,
    check_true_parts,
    part_saliency,
    part_symbols,
    read_table,
)
from .style import class_labels, group_legend, save_figure


def plot_saliency(
    values: np.ndarray,
    path: str | Path,
    *,
    combinations: Combinations,
    part_names: Sequence[str],
    class_counts: Sequence[float] | np.ndarray | None = None,
    classes: Sequence[str] | None = None,
    updates: np.ndarray | None = None,
    true_parts: Sequence[Sequence[int]] | None = None,
    thresholds: tuple[float, float] = (20, 100),
    title: str | None = None,
) -> Path:
    """Draw a saliency table as a heat map, part means and best combinations.

    Classes are sorted by training count, largest first. The left panel holds
    the table, with the three best combinations of a class marked; the middle
    one the mean over the combinations that contain a part; on the right are
    the three best combinations by name, as in Fig. 3 of the Shap-Mix paper.
    Entries that were never updated are hatched and left out of means and
    rankings. Values are ranked as they are: pass ``v / |b|`` for the ranking
    that guides the mixing (Eq. 3).

    Args:
        values (np.ndarray): Saliency ``(K, B)``.
        path (str | Path): Image to write; the suffix chooses the format.
        combinations (Sequence[Sequence[int]]): Part indices of each column.
        part_names (Sequence[str]): Names of the P parts.
        class_counts (Sequence[float] | np.ndarray, optional): Training
            samples of each class ``(K,)``. Defaults to None, which keeps the
            order of the table and draws no groups.
        classes (Sequence[str], optional): Names of the classes. Defaults to
            None, which shows indices.
        updates (np.ndarray, optional): Updates of each entry ``(K, B)`` or
            class ``(K,)``. Defaults to None: every entry is known.
        true_parts (Sequence[Sequence[int]], optional): Parts known to tell
            each class apart; framed in the part panel. Defaults to None.
        thresholds (tuple[float, float]): Counts (few, many) that bound the
            groups. Defaults to (20, 100).
        title (str, optional): Title. Defaults to None, a generic one.

    Returns:
        Path: The image.

    Raises:
        ValueError: If shapes, names, counts or parts disagree.
    """
    table = read_table(values, combinations, len(part_names), updates)
    labels = class_labels(classes, len(table))
    if true_parts is not None:
        check_true_parts(true_parts, len(table), len(part_names))
    order, groups, legend = np.arange(len(table)), None, list[Patch]()
    if class_counts is not None:
        counts = check_class_counts(class_counts, len(table))
        order = np.argsort(-counts, kind='stable')
        labels = [f'{n} ({c:.0f})' for n, c in zip(labels, counts)]
        legend, groups = _groups(counts, thresholds)
    symbols = part_symbols(part_names)
    names = ['+'.join(symbols[p] for p in parts) for parts in combinations]
    table, labels = table[order], [labels[i] for i in order.tolist()]
    sheet = plan_sheet(labels, names, part_names)
    figure = Figure(figsize=sheet.size)
    panels = make_axes(figure, sheet, labels)
    means = part_saliency(table, combinations, len(part_names))
    _fill(figure, sheet, panels, (table, names), (means, part_names))
    if groups is not None:
        draw_groups(panels, sheet, groups[order])
    if true_parts is not None:
        frame_parts(panels[1], [true_parts[i] for i in order.tolist()])
    _describe(figure, sheet, title or 'Learnt saliency of body parts', legend)
    spelt = ',  '.join(f'{s} = {n}' for s, n in zip(symbols, part_names))
    marks = _marks(true_parts is not None, bool(np.isnan(table).any()))
    _key(figure, sheet, spelt.replace('_', ' '), marks)
    return save_figure(figure, path)


def _fill(
    figure: Figure,
    sheet: Sheet,
    panels: Sequence[Axes],
    combinations: tuple[np.ndarray, Sequence[str]],
    parts: tuple[np.ndarray, Sequence[str]],
) -> None:
    """Draw both tables with their colour bars, and the best by name."""
    for index, (drawn, label) in enumerate(
        ((combinations, 'saliency'), (parts, 'mean per part'))
    ):
        image = draw_table(panels[index], *drawn)
        draw_colour_bar(figure, sheet, image, panel=index, label=label)
    draw_best(panels[0], panels[2], *combinations, sheet.font)


def _describe(
    figure: Figure, sheet: Sheet, title: str, legend: Sequence[Patch]
) -> None:
    """Title and group legend, at the top left."""
    width, height = sheet.size
    figure.text(
        0.15 / width,
        1 - 0.15 / height,
        title,
        fontsize=12,
        fontweight='bold',
        va='top',
    )
    if legend:
        figure.legend(
            handles=legend,
            ncols=len(legend),
            frameon=False,
            fontsize=9,
            loc='upper left',
            borderpad=0,
            borderaxespad=0,
            bbox_to_anchor=(0.15 / width, 1 - 0.42 / height),
        )


def _groups(
    counts: np.ndarray, thresholds: tuple[float, float]
) -> tuple[list[Patch], np.ndarray]:
    few, many = thresholds
    groups = class_groups(counts, many=many, few=few)
    return group_legend(counts, thresholds), groups


def _marks(framed: bool, hatched: bool) -> list[Line2D | Patch]:
    marks: list[Line2D | Patch] = [
        Line2D([], [], label='best', **MARKS[0]),
        Line2D([], [], label='2nd, 3rd', **MARKS[1]),
    ]
    if framed:
        marks.append(
            Patch(
                fill=False,
                edgecolor='black',
                linewidth=1.4,
                label='part that tells the class apart',
            )
        )
    if hatched:
        marks.append(Patch(label='not observed', **HATCH))
    return marks


def _key(
    figure: Figure, sheet: Sheet, symbols: str, marks: list[Line2D | Patch]
) -> None:
    """Explain symbols and marks, at the bottom left."""
    width, height = sheet.size
    figure.legend(
        handles=marks,
        ncols=len(marks),
        frameon=False,
        fontsize=8,
        loc='lower left',
        borderpad=0,
        borderaxespad=0,
        bbox_to_anchor=(0.15 / width, 0.27 / height),
    )
    figure.text(0.15 / width, 0.1 / height, symbols, fontsize=8, va='bottom')
