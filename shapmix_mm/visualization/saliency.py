"""The saliency table: what is told of it, and its heat map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from typing_extensions import Unpack

from .style import (
    HATCH,
    ClassNames,
    ClassOrder,
    draw_cells,
    draw_scale,
    fit,
    head_line,
    label_classes,
    new_figure,
    saliency_scale,
    save_figure,
)

Combinations = Sequence[Sequence[int]]
BEST = 3
_COLUMN, _PART = 0.27, 0.4
# White and black on each mark: it must show on the palest and darkest cell.
_MARK: dict[str, Any] = dict(
    marker='o', linestyle='', zorder=4, markeredgewidth=0.8
)
MARKS = (
    dict(_MARK, color='black', markeredgecolor='white', markersize=5.5),
    dict(_MARK, color='white', markeredgecolor='black', markersize=4),
)


def read_table(
    values: np.ndarray,
    combinations: Combinations,
    num_parts: int,
    updates: np.ndarray | None = None,
) -> np.ndarray:
    """Check a table and turn entries that were never updated into NaN.

    Args:
        values (np.ndarray): Saliency, ``(..., K, B)``.
        combinations (Sequence[Sequence[int]]): Parts of each of the B
            columns.
        num_parts (int): P.
        updates (np.ndarray, optional): Number of updates of each entry
            ``(..., K, B)`` or class ``(..., K)``. Defaults to None: all are
            known.

    Returns:
        np.ndarray: The table as float64 ``(..., K, B)``, a copy.

    Raises:
        ValueError: If shapes disagree or a part is out of range.
    """
    table = np.array(values, dtype=np.float64)
    if table.ndim < 2 or 0 in table.shape:
        raise ValueError(
            'values must be (classes, combinations), none of them 0, got '
            f'shape {table.shape}'
        )
    if len(combinations) != table.shape[-1]:
        raise ValueError(
            f'combinations has {len(combinations)} entries '
            f'where values has {table.shape[-1]} columns'
        )
    for column, parts in enumerate(combinations):
        _check_parts(parts, num_parts, f'combinations[{column}]')
        if not len(parts):
            raise ValueError(f'combinations[{column}] has no part')
    table[~np.isfinite(table)] = np.nan
    if updates is not None:
        seen = np.asarray(updates, dtype=np.float64)
        if seen.shape not in (table.shape, table.shape[:-1]):
            raise ValueError(
                f'updates has shape {seen.shape}, expected '
                f'{table.shape} or {table.shape[:-1]}'
            )
        seen = seen if seen.ndim == table.ndim else seen[..., None]
        table[np.broadcast_to(seen, table.shape) <= 0] = np.nan
    return table


def _check_parts(parts: Sequence[int], num_parts: int, name: str) -> None:
    """Raise ValueError if a part is not in ``0..num_parts - 1``."""
    for part in parts:
        if not 0 <= part < num_parts:
            raise ValueError(
                f'{name} names part {part}, expected parts in '
                f'0..{num_parts - 1}'
            )


def part_saliency(
    table: np.ndarray, combinations: Combinations, num_parts: int
) -> np.ndarray:
    """Average the known entries whose combination contains a part.

    This is a summary for the eye; the exact Shapley value of a part comes
    from the coalition worths, not from this table.

    Args:
        table (np.ndarray): Saliency ``(..., B)``, NaN where unknown.
        combinations (Sequence[Sequence[int]]): Parts of each column.
        num_parts (int): P.

    Returns:
        np.ndarray: ``(..., P)``, NaN where nothing is known.
    """
    known = np.isfinite(table)
    member = np.array(
        [
            [part in parts for part in range(num_parts)]
            for parts in combinations
        ]
    )
    uses = known @ member.astype(float)
    total = np.where(known, table, 0) @ member
    return np.where(uses > 0, total / np.maximum(uses, 1), np.nan)


def best_combinations(row: np.ndarray, number: int = BEST) -> list[int]:
    """Columns of the largest known entries, best first; ties by column.

    Args:
        row (np.ndarray): Saliency of one class, ``(B,)``.
        number (int): How many at most. Defaults to 3.

    Returns:
        list[int]: Column indices; fewer if fewer entries are known.
    """
    order = np.argsort(-row, kind='stable')
    return [int(i) for i in order[:number] if np.isfinite(row[i])]


def part_symbols(part_names: Sequence[str]) -> list[str]:
    """Shorten part names to initials, or to indices if those collide.

    Example:
        >>> part_symbols(['trunk', 'left_arm', 'right leg'])
        ['T', 'LA', 'RL']
    """
    words = [n.replace('_', ' ').replace('-', ' ').split() for n in part_names]
    symbols = [''.join(word[0].upper() for word in own) for own in words]
    if len(set(symbols)) < len(symbols) or not all(symbols):
        return [str(part) for part in range(len(part_names))]
    return symbols


def combination_names(
    combinations: Combinations, part_names: Sequence[str]
) -> list[str]:
    """Name combinations by the symbols of their parts, as 'LA+RA'."""
    symbols = part_symbols(part_names)
    return ['+'.join(symbols[p] for p in parts) for parts in combinations]


def plot_saliency(
    values: np.ndarray,
    path: str | Path,
    *,
    combinations: Combinations,
    part_names: Sequence[str],
    updates: np.ndarray | None = None,
    true_parts: Sequence[Sequence[int]] | None = None,
    title: str | None = None,
    **classes: Unpack[ClassNames],
) -> Path:
    """Draw a saliency table as a heat map, part means and best combinations.

    Classes are sorted by training count, largest first. The left panel holds
    the table, with the three best combinations of a class marked; the middle
    one the mean over the combinations that contain a part, in the same
    colours; on the right are the three best combinations by name, as in
    Fig. 3 of the Shap-Mix paper. Entries that were never updated are hatched
    and left out of means and rankings. Values are ranked as they are: pass
    ``v / |b|`` for the ranking that guides the mixing (Eq. 3).

    Args:
        values (np.ndarray): Saliency ``(K, B)``.
        path (str | Path): Image to write; the suffix chooses the format.
        combinations (Sequence[Sequence[int]]): Part indices of each column.
        part_names (Sequence[str]): Names of the P parts.
        updates (np.ndarray, optional): Updates of each entry ``(K, B)`` or
            class ``(K,)``. Defaults to None: every entry is known.
        true_parts (Sequence[Sequence[int]], optional): Parts known to tell
            each class apart; framed in the part panel. Defaults to None.
        title (str, optional): Title. Defaults to None, a generic one.
        **classes (Unpack[ClassNames]): Names, counts and thresholds.

    Returns:
        Path: The image.

    Raises:
        ValueError: If shapes, names, counts or parts disagree.
    """
    num_parts = len(part_names)
    table = read_table(values, combinations, num_parts, updates)
    known = _read_true_parts(true_parts, len(table), num_parts)
    order = ClassOrder.by_count(len(table), **classes)
    table = table[order.indices]
    means = part_saliency(table, combinations, num_parts)
    names = combination_names(combinations, part_names)
    pitch, font = (0.26, 9) if len(table) <= 30 else (0.155, 7.5)
    text = BEST * (0.2 + max(map(len, names)) * font * 0.0095)
    widths = _COLUMN * len(names), _PART * num_parts, text
    figure = new_figure(wspace=0.02)
    heat, middle, right = figure.subplots(
        1, 3, width_ratios=widths, sharey=True
    )
    scale = saliency_scale(np.concatenate([table, means], axis=1))
    _draw_cells(heat, table, names, scale)
    _draw_cells(middle, means, part_names, scale)
    label_classes(heat.yaxis, order, order.labels, pitch, fontsize=font)
    _draw_best(heat, right, table, names, font)
    _frame(middle, [known[i] for i in order.indices.tolist()])
    middle.tick_params(axis='y', length=0, labelleft=False)
    for axes in (heat, middle, right):
        order.rule_off(axes, color='black', linewidth=0.8, zorder=3)
    title = title or 'Learnt saliency of body parts'
    head_line(figure, title, order.legend, sum(widths))
    draw_scale(scale, heat, widths[0], 'saliency')
    _key(figure, part_names, any(known), bool(np.isnan(table).any()))
    fit(figure, [heat, middle, right], (sum(widths), pitch * len(table)))
    return save_figure(figure, path)


def _read_true_parts(
    true_parts: Combinations | None, num_classes: int, num_parts: int
) -> Combinations:
    """Check the parts that tell each class; none where none are given."""
    if true_parts is None:
        return [()] * num_classes
    if len(true_parts) != num_classes:
        raise ValueError(
            f'true_parts has {len(true_parts)} entries where values has '
            f'{num_classes} classes'
        )
    for index, parts in enumerate(true_parts):
        _check_parts(parts, num_parts, f'true_parts[{index}]')
    return true_parts


def _draw_cells(
    axes: Axes, table: np.ndarray, names: Sequence[str], scale: Any
) -> None:
    """Colour the known cells; unknown ones let the hatching show."""
    look: dict[str, Any] = dict(edgecolors='white', linewidth=0.6, zorder=1)
    cmap = scale.cmap.with_extremes(bad=(0, 0, 0, 0))
    draw_cells(axes, table, cmap=cmap, norm=scale.norm, **look)
    cells = [
        Rectangle((column - 0.5, row - 0.5), 1, 1)
        for row, column in np.argwhere(np.isnan(table))
    ]
    axes.add_collection(PatchCollection(cells, zorder=0.5, **HATCH))
    labels = [name.replace('_', ' ') for name in names]
    axes.set_xticks(range(len(names)), labels, rotation=90, fontsize=8.5)
    axes.tick_params(axis='x', length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)


def _draw_best(
    heat: Axes,
    right: Axes,
    table: np.ndarray,
    names: Sequence[str],
    font: float,
) -> None:
    """Name the best combinations of each class and mark them in the map."""
    right.set_xlim(0, BEST)
    right.set_xticks(
        range(BEST), ('1st', '2nd', '3rd'), ha='left', fontsize=8.5
    )
    right.tick_params(which='both', length=0)
    right.tick_params(axis='x', labeltop=True, labelbottom=False)
    right.spines[:].set_visible(False)
    # Texts stand in columns of their own: layout need not measure them.
    look: dict[str, Any] = dict(va='center', fontsize=font, in_layout=False)
    cells: list[list[tuple[int, int]]] = [[], []]
    for row, values in enumerate(table):
        best = best_combinations(values, BEST)
        for rank, column in enumerate(best):
            weight = 'normal' if rank else 'bold'
            right.text(rank, row, names[column], fontweight=weight, **look)
            cells[min(rank, 1)].append((column, row))
        if not best:
            note = dict(look, color='#666666', style='italic')
            right.text(0, row, 'not observed', **note)
    for mark, places in zip(MARKS, cells):
        heat.plot(*np.reshape(places, (-1, 2)).T, **mark)


def _frame(axes: Axes, true_parts: Sequence[Sequence[int]]) -> None:
    """Frame the parts that are known to tell a class apart."""
    for row, parts in enumerate(true_parts):
        for part in parts:
            corner = part - 0.42, row - 0.42
            frame = Rectangle(corner, 0.84, 0.84, fill=False, zorder=5)
            frame.set(edgecolor='black', linewidth=1.4)
            axes.add_patch(frame)


def _key(
    figure: Figure, part_names: Sequence[str], framed: bool, hatched: bool
) -> None:
    """Explain symbols and marks, at the bottom left."""
    marks: list[Line2D | Patch] = [
        Line2D([], [], label=label, **mark)
        for label, mark in zip(('best', '2nd, 3rd'), MARKS)
    ]
    if framed:
        look: dict[str, Any] = dict(
            fill=False, edgecolor='black', linewidth=1.4
        )
        marks.append(Patch(label='part that tells the class apart', **look))
    if hatched:
        marks.append(Patch(label='not observed', **HATCH))
    spelt = zip(part_symbols(part_names), part_names)
    symbols = ',  '.join(f'{symbol} = {name}' for symbol, name in spelt)
    figure.legend(
        handles=marks,
        title=symbols.replace('_', ' '),
        loc='outside lower left',
        ncols=len(marks),
        fontsize=8,
        title_fontsize=8,
        alignment='left',
        frameon=False,
        borderpad=0,
        borderaxespad=0.3,
    )
