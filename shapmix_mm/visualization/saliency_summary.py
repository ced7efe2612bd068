"""Per-part means and best combinations of a table of saliencies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Combinations = Sequence[Sequence[int]]


def read_table(
    values: np.ndarray,
    combinations: Combinations,
    num_parts: int,
    updates: np.ndarray | None = None,
) -> np.ndarray:
    """Check a table and turn entries that were never updated into NaN.

    Args:
        values (np.ndarray): Saliency, ``(K, B)``.
        combinations (Sequence[Sequence[int]]): Parts of each of the B
            columns.
        num_parts (int): P.
        updates (np.ndarray, optional): Number of updates of each entry
            ``(K, B)`` or class ``(K,)``. Defaults to None: all are known.

    Returns:
        np.ndarray: The table as float64 ``(K, B)``, a copy.

    Raises:
        ValueError: If shapes disagree or a part is out of range.
    """
    table = np.array(values, dtype=np.float64)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(
            f'values must be (classes, combinations), got shape {table.shape}'
        )
    if len(combinations) != table.shape[1]:
        raise ValueError(
            f'combinations has {len(combinations)} entries '
            f'where values has {table.shape[1]} columns'
        )
    for column, parts in enumerate(combinations):
        check_parts(parts, num_parts, f'combinations[{column}]')
        if not len(parts):
            raise ValueError(f'combinations[{column}] has no part')
    table[~np.isfinite(table)] = np.nan
    if updates is not None:
        seen = np.asarray(updates, dtype=np.float64)
        if seen.shape not in (table.shape, table.shape[:1]):
            raise ValueError(
                f'updates has shape {seen.shape}, expected '
                f'{table.shape} or {table.shape[:1]}'
            )
        seen = seen if seen.ndim == 2 else seen[:, None]
        table[np.broadcast_to(seen, table.shape) <= 0] = np.nan
    return table


def check_parts(parts: Sequence[int], num_parts: int, name: str) -> None:
    """Raise ValueError if a part is not in ``0..num_parts - 1``."""
    for part in parts:
        if not 0 <= part < num_parts:
            raise ValueError(
                f'{name} names part {part}, expected parts in '
                f'0..{num_parts - 1}'
            )


def check_true_parts(
    true_parts: Combinations, num_classes: int, num_parts: int
) -> None:
    """Raise ValueError unless each class has a list of valid parts."""
    if len(true_parts) != num_classes:
        raise ValueError(
            f'true_parts has {len(true_parts)} entries where values has '
            f'{num_classes} classes'
        )
    for index, parts in enumerate(true_parts):
        check_parts(parts, num_parts, f'true_parts[{index}]')


def part_saliency(
    table: np.ndarray, combinations: Combinations, num_parts: int
) -> np.ndarray:
    """Average the known entries whose combination contains a part.

    This is a summary for the eye; the exact Shapley value of a part comes
    from the coalition worths, not from this table.

    Args:
        table (np.ndarray): Saliency ``(K, B)``, NaN where unknown.
        combinations (Sequence[Sequence[int]]): Parts of each column.
        num_parts (int): P.

    Returns:
        np.ndarray: ``(K, P)``, NaN where nothing is known.
    """
    means = np.full((len(table), num_parts), np.nan)
    for part in range(num_parts):
        columns = table[:, [part in parts for parts in combinations]]
        known = np.isfinite(columns)
        np.divide(
            np.where(known, columns, 0).sum(axis=1),
            known.sum(axis=1),
            out=means[:, part],
            where=known.any(axis=1),
        )
    return means


def best_combinations(row: np.ndarray, number: int = 3) -> list[int]:
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
    symbols = [
        ''.join(
            word[0].upper()
            for word in name.replace('_', ' ').replace('-', ' ').split()
        )
        for name in part_names
    ]
    if len(set(symbols)) < len(symbols) or not all(symbols):
        return [str(part) for part in range(len(part_names))]
    return symbols
