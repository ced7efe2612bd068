"""One body per class, its parts coloured by saliency (Fig. 3 of the paper)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ..skeletons import Layout, get_layout
from ..skeletons.layout import LayoutLike
from .bodies_sheet import BodySheet, draw_cell, draw_foot, draw_head
from .body_plane import reference_body
from .class_order import ClassOrder
from .colour_scale import relative_to_class, saliency_scale
from .saliency_summary import (
    Combinations,
    best_combinations,
    part_saliency,
    part_symbols,
    read_table,
)
from .style import save_figure

BAR_LABELS = {
    'all': 'saliency of the part',
    'class': "saliency of the part / the class's largest",
}


def plot_bodies(
    values: np.ndarray,
    path: str | Path,
    *,
    layout: LayoutLike,
    combinations: Combinations,
    part_values: np.ndarray | None = None,
    pose: np.ndarray | None = None,
    class_counts: Sequence[float] | np.ndarray | None = None,
    classes: Sequence[str] | None = None,
    updates: np.ndarray | None = None,
    thresholds: tuple[float, float] = (20, 100),
    scale: str = 'class',
    columns: int | None = None,
    title: str | None = None,
) -> Path:
    """Draw a body for each class and name its three best combinations.

    Classes are sorted by training count, largest first, and headed by the
    colour of their group. A class of which nothing is known has a grey body
    on hatched ground.

    Args:
        values (np.ndarray): Saliency ``(K, B)``; ranked as it is.
        path (str | Path): Image to write; the suffix chooses the format.
        layout (str or dict or Layout): Joint layout with its P parts.
        combinations (Sequence[Sequence[int]]): Part indices of each column.
        part_values (np.ndarray, optional): Saliency of each part ``(K, P)``.
            Defaults to None, the mean over the combinations that contain it.
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
        scale (str): ``'class'`` colours a part by its share of the class's
            largest magnitude, so that bodies of rare classes, whose values
            are small, can be read; ``'all'`` has one scale for all bodies.
            Defaults to 'class'.
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
        means = _read_parts(part_values, means)
    means = relative_to_class(means) if scale == 'class' else means
    order = ClassOrder.by_count(
        len(table), class_counts, classes, thresholds, 40
    )
    sheet = BodySheet.plan(len(table), columns, legend=bool(order.legend))
    figure = Figure(figsize=sheet.size)
    colours = saliency_scale(means)
    best = _name_best(table, combinations, part_symbols(layout.part_names))
    axes, body = sheet.canvas(figure), reference_body(layout, pose)
    for place, index in enumerate(order.indices.tolist()):
        cell = order.labels[place], order.groups[place], best[index]
        shown = body, layout, colours.to_rgba(means[index])
        draw_cell(axes, sheet, place, cell, shown)
    draw_head(figure, sheet, title or 'Saliency of body parts', order.legend)
    draw_foot(figure, sheet, colours, _key(layout), BAR_LABELS[scale])
    return save_figure(figure, path)


def _name_best(
    table: np.ndarray, combinations: Combinations, symbols: Sequence[str]
) -> list[list[str]]:
    """Names of the best combinations of each class."""
    names = ['+'.join(symbols[p] for p in parts) for parts in combinations]
    return [[names[b] for b in best_combinations(row)] for row in table]


def _key(layout: Layout) -> str:
    """Say what the symbols mean, and which side is left."""
    pairs = zip(part_symbols(layout.part_names), layout.part_names)
    key = ',  '.join(f'{symbol} = {name}' for symbol, name in pairs)
    key = key.replace('_', ' ') + '.'
    if layout.pairs:
        key += "  Bodies face the reader: their left is on the reader's right."
    return key


def _read_parts(part_values: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Check given values of parts; unknown classes stay unknown."""
    given = np.array(part_values, dtype=np.float64)
    if given.shape != means.shape:
        raise ValueError(
            f'part_values has shape {given.shape}, expected {means.shape}'
        )
    given[~np.isfinite(given) | np.isnan(means).all(1)[:, None]] = np.nan
    return given
