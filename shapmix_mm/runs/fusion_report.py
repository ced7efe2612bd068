"""Accuracy of streams and of their fusion, as a table and as files."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shapmix_mm.evaluation import GROUPS, grouped_accuracy

from .score_fusion import fuse
from .stream_alignment import Streams
from .training_counts import TrainingCounts

__all__ = ['fusion_rows', 'fusion_table', 'write_fusion']

_FIGURES = ('overall', 'mean_class', *GROUPS)
_COLUMNS = ('stream', 'weight', *_FIGURES)


def fusion_rows(
    streams: Streams,
    names: Sequence[str],
    weights: Sequence[float],
    counts: TrainingCounts | None = None,
) -> list[dict[str, Any]]:
    """Figures of each stream alone, and of all together.

    Args:
        streams (Streams): Scores of the reported samples.
        names (Sequence[str]): What to call each stream.
        weights (Sequence[float]): Weight of each stream.
        counts (TrainingCounts, optional): What the groups rest on. Defaults
            to None: no groups.

    Returns:
        list[dict]: Rows with ``stream``, ``weight`` and accuracies in [0, 1];
        a group without a tested class is None.
    """
    rows = [
        dict(
            stream=name, weight=float(weight), **_figures(own, streams, counts)
        )
        for name, weight, own in zip(names, weights, streams.scores)
    ]
    fused = _figures(fuse(streams.scores, weights), streams, counts)
    return [*rows, dict(stream='fused', weight=None, **fused)]


def _figures(
    scores: np.ndarray, streams: Streams, counts: TrainingCounts | None
) -> dict[str, float | None]:
    known: dict[str, Any] = {}
    if counts is not None:
        known = dict(
            class_counts=counts.counts, many=counts.many, few=counts.few
        )
    found = grouped_accuracy(scores, streams.labels, **known)
    groups = {
        name: found.groups[name].accuracy if found.groups else None
        for name in GROUPS
    }
    return dict(overall=found.overall, mean_class=found.mean_class, **groups)


def fusion_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lay rows out as Markdown, accuracies in percent.

    Args:
        rows (Sequence[Mapping]): What :func:`fusion_rows` gave.

    Returns:
        str: The table; a group that is not known has a dash.
    """
    cells = [[column.replace('_', ' ') for column in _COLUMNS]]
    for row in rows:
        weight = '' if row['weight'] is None else f'{row["weight"]:g}'
        figures = [
            '-' if row[key] is None else f'{100 * row[key]:.2f}'
            for key in _FIGURES
        ]
        cells.append([row['stream'], weight, *figures])
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = [
        '| '
        + ' | '.join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths))
        )
        + ' |'
        for line in cells
    ]
    rule = [f'{"-" * (width + 1)}:' for width in widths[1:]]
    lines.insert(1, '|'.join(['', '-' * (widths[0] + 2), *rule, '']))
    return '\n'.join(lines)


def write_fusion(
    path: str | Path, rows: Sequence[Mapping[str, Any]], **about: Any
) -> None:
    """Write rows to a file, in whole or not at all.

    Args:
        path (str | Path): A .csv or .json file; missing folders are made.
        rows (Sequence[Mapping]): What :func:`fusion_rows` gave.
        **about: Further entries of a JSON file.

    Raises:
        ValueError: If the name ends in neither.
    """
    path = Path(path)
    if path.suffix not in ('.csv', '.json'):
        raise ValueError(f'{path} should end in .csv or .json')
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f'.{path.name}.part')
    try:
        with open(scratch, 'w', newline='', encoding='utf-8') as stream:
            if path.suffix == '.json':
                json.dump(dict(about, rows=list(rows)), stream, indent=2)
                stream.write('\n')
            else:
                writer = csv.DictWriter(stream, _COLUMNS)
                writer.writeheader()
                writer.writerows(rows)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
