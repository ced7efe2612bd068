"""Numbers of a comparison, unrounded, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from .results import Result
from .summary import METRICS, Row, Setting

__all__ = ['runs_csv', 'summary_csv']

_SUMMARY = (
    'dataset',
    'recogniser',
    'method',
    'epochs',
    'samples_per_step',
    'metric',
    'selection',
    'n',
    'mean',
    'half_width_95',
    'baseline',
    'paired_n',
    'difference',
    'difference_half_width_95',
    'p',
    'p_holm',
)


def summary_csv(settings: Sequence[Setting], selection: str) -> str:
    """Write a line per method and metric.

    Args:
        settings (Sequence[Setting]): Datasets.
        selection (str): How the epoch was chosen.

    Returns:
        str: CSV, accuracies in percent; what is absent has no line.
    """
    lines = []
    for setting in settings:
        against = setting.baseline.plan.method.name if setting.baseline else ''
        for row in setting.rows:
            lines += _row_lines(row, against, selection)
    return _csv(_SUMMARY, lines)


def _row_lines(row: Row, against: str, selection: str) -> list[list[Any]]:
    plan = row.plan
    head = [
        plan.dataset.name,
        plan.recogniser.name,
        plan.method.name,
        sum(plan.stages),
        plan.samples,
    ]
    lines = []
    for metric in METRICS:
        if metric not in row.cells:
            continue
        cell, paired = row.cells[metric], row.against.get(metric)
        line = [*head, metric, selection, cell.n, cell.mean, cell.half]
        if paired is not None:
            line += [
                against,
                paired.difference.n,
                paired.difference.mean,
                paired.difference.half,
                paired.p,
                row.corrected.get(metric),
            ]
        lines.append(line)
    if row.cost is not None:
        cell = row.cost
        line = [*head, 'cost', selection, cell.n, cell.mean, cell.half]
        lines.append(line)
    return lines


def runs_csv(results: Sequence[Result], selection: str) -> str:
    """Write a line per run.

    Args:
        results (Sequence[Result]): Runs.
        selection (str): How the epoch was chosen.

    Returns:
        str: CSV; accuracies and ECE are fractions, an absent one is empty.
    """
    header = ['dataset', 'recogniser', 'method', 'seed', 'selection', 'epoch']
    lines = []
    for result in results:
        plan = result.task.plan
        names = [plan.dataset.name, plan.recogniser.name, plan.method.name]
        lines.append(
            [
                *names,
                result.task.seed,
                selection,
                result.epoch,
                *(result.values.get(metric) for metric in METRICS),
                *(result.seconds.get(clock) for clock in ('wall', 'cpu')),
                result.note,
            ]
        )
    times = ['train_seconds', 'train_cpu_seconds']
    return _csv([*header, *METRICS, *times, 'note'], lines)


def _csv(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(header)
    for line in lines:
        cells = [*line, *[None] * (len(header) - len(line))]
        writer.writerow(['' if cell is None else cell for cell in cells])
    return text.getvalue()
