"""Grouped accuracy as a text table and as a CSV file of classes."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .class_groups import class_groups
from .grouped_accuracy import GroupedAccuracy

_HEADER = ('group', 'training samples', 'classes', 'test samples', 'accuracy')
_COLUMNS = (
    'class',
    'name',
    'training_count',
    'group',
    'test_support',
    'accuracy',
)


def accuracy_table(
    result: GroupedAccuracy, *, many: float = 100, few: float = 20
) -> str:
    """Lay out a result as a table that fits 80 columns.

    Args:
        result (GroupedAccuracy): What :func:`grouped_accuracy` returned.
        many (float): Threshold that the groups were made with.
            Defaults to 100.
        few (float): Threshold that the groups were made with.
            Defaults to 20.

    Returns:
        str: Lines of ASCII without trailing newline. Accuracies are in
        percent; a group without test samples shows a dash.
    """
    ranges = dict(
        many=f'> {many:g}', medium=f'{few:g} to {many:g}', few=f'< {few:g}'
    )
    rows = []
    for name, group in result.groups.items():
        tested, size = group.num_tested, group.num_classes
        rows.append(
            (
                name,
                ranges[name],
                str(size) if tested == size else f'{tested} of {size}',
                str(group.num_samples),
                _percent(group.accuracy),
            )
        )
    classes = str(int((result.support > 0).sum()))
    samples = str(int(result.support.sum()))
    rows.append(
        ('mean class', '', classes, samples, _percent(result.mean_class))
    )
    rows.append(('overall', '', classes, samples, _percent(result.overall)))
    for k, value in result.topk.items():
        rows.append(
            (f'overall top-{k}', '', classes, samples, _percent(value))
        )
    return _align([_HEADER, *rows], split=len(result.groups))


def _percent(value: float | None) -> str:
    return '-' if value is None else f'{100 * value:.2f} %'


def _align(rows: Sequence[tuple[str, ...]], split: int) -> str:
    """Pad the columns; rule off the header and the first ``split`` rows."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    rule = '  '.join('-' * width for width in widths)
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(w) for cell, w in zip(row[1:], widths[1:])]
        lines.append('  '.join(cells))
    if split:
        lines.insert(1 + split, rule)
    lines.insert(1, rule)
    return '\n'.join(lines)


def write_per_class(
    result: GroupedAccuracy,
    path: str | Path,
    *,
    class_counts: Sequence[float] | np.ndarray | None = None,
    classes: Sequence[str] | None = None,
    many: float = 100,
    few: float = 20,
) -> Path:
    """Write one CSV row per class, in whole or not at all.

    Args:
        result (GroupedAccuracy): What :func:`grouped_accuracy` returned.
        path (str | Path): File to write; missing folders are made.
        class_counts (Sequence[float] | np.ndarray, optional): Training
            samples of each class, ``(K,)``. Defaults to None, which leaves
            the count and the group empty.
        classes (Sequence[str], optional): Names of the classes. Defaults to
            None, which leaves the name empty.
        many (float): Threshold of the groups. Defaults to 100.
        few (float): Threshold of the groups. Defaults to 20.

    Returns:
        Path: The file. A class without test samples has an empty accuracy.
    """
    total = len(result.support)
    counts = (
        [''] * total
        if class_counts is None
        else [f'{n:.0f}' for n in np.asarray(class_counts, dtype=np.float64)]
    )
    groups = (
        [''] * total
        if class_counts is None
        else class_groups(class_counts, many=many, few=few)
    )
    names = [''] * total if classes is None else list(classes)
    scores = [
        f'{value:.6f}' if support else ''
        for value, support in zip(result.per_class, result.support)
    ]
    rows = zip(range(total), names, counts, groups, result.support, scores)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
    try:
        with open(scratch, 'w', newline='', encoding='utf-8') as stream:
            writer = csv.writer(stream)
            writer.writerow(_COLUMNS)
            writer.writerows(rows)
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
    return path
