"""Figure of the saliency table's way through the training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ..evaluation.functional import GROUPS
from .class_order import UNGROUPED, ClassOrder
from .history_overview import draw_agreement, draw_leaders, draw_top
from .history_panels import HistorySheet, draw_class, draw_group, value_limits
from .history_summary import (
    leading_part,
    part_history,
    rank_agreement,
    read_history,
)
from .saliency_summary import Combinations
from .style import save_figure

MAX_PANELS = 24


def plot_saliency_history(
    history: np.ndarray,
    epochs: Sequence[int],
    path: str | Path,
    *,
    combinations: Combinations,
    part_names: Sequence[str],
    class_counts: Sequence[float] | np.ndarray | None = None,
    classes: Sequence[str] | None = None,
    updates: np.ndarray | None = None,
    thresholds: tuple[float, float] = (20, 100),
    title: str | None = None,
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
        class_counts (Sequence[float] | np.ndarray, optional): Training
            samples of each class ``(K,)``, by which classes are sorted.
            Defaults to None, which keeps their order and draws no groups.
        classes (Sequence[str], optional): Names of the classes. Defaults to
            None, which shows indices.
        updates (np.ndarray, optional): Updates of each entry ``(E, K, B)``.
            Defaults to None: every entry is known.
        thresholds (tuple[float, float]): Counts (few, many) that bound the
            groups. Defaults to (20, 100).
        title (str, optional): Title. Defaults to None, a generic one.

    Returns:
        Path: The image.

    Raises:
        ValueError: If the history is empty, or shapes or names disagree.
    """
    num_parts = len(part_names)
    tables = read_history(history, epochs, combinations, num_parts, updates)
    order = ClassOrder.by_count(
        tables.shape[1], class_counts, classes, thresholds
    )
    present = [g for g in (*GROUPS, UNGROUPED) if g in order.groups]
    sheet = HistorySheet.plan(
        order.labels, len(present), strip=len(order.labels) > MAX_PANELS
    )
    figure, steps = Figure(figsize=sheet.size), np.asarray(epochs)
    parts = part_history(tables, combinations, num_parts)[:, order.indices]
    if sheet.strip:
        for place, name in enumerate(present):
            axes = sheet.panel(figure, place)
            draw_group(axes, steps, parts[:, order.groups == name], name)
        draw_leaders(
            sheet.strip_axes(figure), steps, leading_part(parts).T, order
        )
    else:
        _draw_classes(figure, sheet, steps, parts, order)
    agreement = rank_agreement(tables)[:, order.indices]
    last = sheet.panel(figure, sheet.panels - 1)
    draw_agreement(last, steps, agreement, order.groups)
    title = title or 'Saliency over training'
    draw_top(figure, sheet, title, part_names, order.legend)
    return save_figure(figure, path)


def _draw_classes(
    figure: Figure,
    sheet: HistorySheet,
    steps: np.ndarray,
    parts: np.ndarray,
    order: ClassOrder,
) -> None:
    """Draw a panel for each class, all of one range."""
    limits = value_limits(parts)
    for place, label in enumerate(order.labels):
        axes, group = sheet.panel(figure, place), order.groups[place]
        draw_class(axes, steps, parts[:, place], label, group, limits)
