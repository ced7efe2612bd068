"""What is told of a table's history: part means, leaders, stability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

from .saliency_summary import Combinations, part_saliency, read_table


def read_history(
    history: np.ndarray,
    epochs: Sequence[int],
    combinations: Combinations,
    num_parts: int,
    updates: np.ndarray | None = None,
) -> np.ndarray:
    """Check a history and turn entries never updated into NaN.

    Args:
        history (np.ndarray): Tables, ``(E, K, B)``.
        epochs (Sequence[int]): Epoch of each table, ascending.
        combinations (Sequence[Sequence[int]]): Parts of each column.
        num_parts (int): P.
        updates (np.ndarray, optional): Updates of each entry until then,
            ``(E, K, B)``. Defaults to None: all are known.

    Returns:
        np.ndarray: The history as float64 ``(E, K, B)``, a copy.

    Raises:
        ValueError: If it is empty, shapes disagree, or epochs do not ascend.
    """
    tables = np.asarray(history)
    if tables.ndim != 3 or 0 in tables.shape:
        raise ValueError(
            'history must be (epochs, classes, combinations), none of them '
            f'0, got shape {tables.shape}'
        )
    if len(epochs) != len(tables):
        raise ValueError(
            f'epochs has {len(epochs)} entries where history has '
            f'{len(tables)} tables'
        )
    if (np.diff(epochs) <= 0).any():
        raise ValueError(f'epochs must ascend, got {list(epochs)}')
    if updates is not None and np.shape(updates) != tables.shape:
        raise ValueError(
            f'updates has shape {np.shape(updates)}, expected {tables.shape}'
        )
    seen = [None] * len(tables) if updates is None else updates
    return np.stack(
        [
            read_table(table, combinations, num_parts, known)
            for table, known in zip(tables, seen)
        ]
    )


def part_history(
    history: np.ndarray, combinations: Combinations, num_parts: int
) -> np.ndarray:
    """Mean over the combinations that contain a part, at each epoch.

    Args:
        history (np.ndarray): Tables ``(E, K, B)``, NaN where unknown.
        combinations (Sequence[Sequence[int]]): Parts of each column.
        num_parts (int): P.

    Returns:
        np.ndarray: ``(E, K, P)``.
    """
    return np.stack(
        [part_saliency(table, combinations, num_parts) for table in history]
    )


def rank_agreement(history: np.ndarray) -> np.ndarray:
    """Spearman correlation of each class's row with its final state.

    Args:
        history (np.ndarray): Tables ``(E, K, B)``, NaN where unknown.

    Returns:
        np.ndarray: ``(E, K)``; NaN where fewer than 3 entries are known, or
        all of them are equal.
    """
    found = np.full(history.shape[:2], np.nan)
    for epoch, table in enumerate(history):
        for index, (row, final) in enumerate(zip(table, history[-1])):
            both = np.isfinite(row) & np.isfinite(final)
            row, final = row[both], final[both]
            if len(row) >= 3 and np.ptp(row) > 0 and np.ptp(final) > 0:
                found[epoch, index] = spearmanr(row, final).statistic
    return found


def leading_part(parts: np.ndarray) -> np.ndarray:
    """Part of the highest saliency; ties go to the first.

    Args:
        parts (np.ndarray): Part means ``(E, K, P)``, NaN where unknown.

    Returns:
        np.ndarray: Part numbers ``(E, K)`` as float, NaN where unknown.
    """
    filled = np.where(np.isfinite(parts), parts, -np.inf)
    leader = filled.argmax(-1).astype(np.float64)
    leader[np.isneginf(filled.max(-1))] = np.nan
    return leader
