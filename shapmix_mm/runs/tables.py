"""Tables of a comparison, as plain text cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .results import Result
from .statistics import Interval
from .summary import METRICS, Setting

__all__ = [
    'Table',
    'absolute_table',
    'metric_title',
    'paired_table',
    'runs_table',
]

ABSENT = '–'
_TITLES = dict(mean_class='mean class', ece='ECE')


@dataclass(frozen=True)
class Table:
    """Cells of a table.

    Attributes:
        header (tuple[str, ...]): Names of the columns.
        rows (Sequence[tuple[str, ...]]): Cells.
        kinds (str): A letter per column: ``t`` text, ``n`` number.
    """

    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    kinds: str

    def markdown(self) -> str:
        """Write the table in Markdown."""
        rules = dict(t='---', n='---:')
        lines = [
            self.header,
            tuple(rules[kind] for kind in self.kinds),
            *self.rows,
        ]
        return '\n'.join(
            '| ' + ' | '.join(c.replace('|', '\\|') for c in line) + ' |'
            for line in lines
        )


def metric_title(metric: str) -> str:
    """Write the name of a metric for people."""
    return _TITLES.get(metric, metric)


def known_metrics(setting: Setting) -> list[str]:
    """Metrics to show: all accuracies, and the ECE if any row has it."""
    return [
        metric
        for metric in METRICS
        if metric != 'ece' or any(metric in r.cells for r in setting.rows)
    ]


def absolute_table(setting: Setting) -> Table:
    """Make the table of means.

    Args:
        setting (Setting): Methods on a dataset.

    Returns:
        Table: A row per method; a group without classes has an absent cell.
    """
    metrics = known_metrics(setting)
    rows = [
        (
            row.title,
            ' + '.join(map(str, row.plan.stages)),
            'N' if row.plan.samples == 1 else f'{row.plan.samples}N',
            str(len(row.seeds)),
            *(_cell(row.cells.get(metric)) for metric in metrics),
            _cell(row.cost, digits=2),
        )
        for row in setting.rows
    ]
    header = (
        'method',
        'epochs',
        'step',
        'seeds',
        *map(metric_title, metrics),
        'cost',
    )
    return Table(header, rows, 'tntn' + 'n' * (len(metrics) + 1))


def paired_table(setting: Setting) -> Table:
    """Make the table of differences from the baseline.

    Args:
        setting (Setting): Methods on a dataset.

    Returns:
        Table: A row per method and metric that can be compared.
    """
    rows = [
        (
            row.title,
            metric_title(metric),
            str(row.against[metric].difference.n),
            _cell(row.against[metric].difference, sign=True),
            probability(row.against[metric].p),
            probability(row.corrected.get(metric)),
        )
        for row in setting.rows
        for metric in METRICS
        if metric in row.against
    ]
    header = ('method', 'metric', 'n', 'difference', 'p', 'p (Holm)')
    return Table(header, rows, 'ttnnnn')


def runs_table(results: Sequence[Result]) -> Table:
    """Make the table of all runs.

    Args:
        results (Sequence[Result]): Runs.

    Returns:
        Table: A row per run, with what is wrong with it.
    """
    rows = []
    for result in results:
        plan, overall = result.task.plan, result.values.get('overall')
        rows.append(
            (
                plan.setting,
                plan.method.name,
                str(result.task.seed),
                ABSENT if result.epoch is None else str(result.epoch),
                ABSENT if overall is None else f'{100 * overall:.1f}',
                ' + '.join(
                    [plan.config.name, *(Path(m).stem for m in plan.mixins)]
                ),
                result.note or 'finished',
            )
        )
    header = (
        'dataset',
        'method',
        'seed',
        'epoch of the log',
        'overall',
        'config',
        'state',
    )
    return Table(header, rows, 'ttnnntt')


def probability(p: float | None) -> str:
    """Write a p value."""
    if p is None:
        return ABSENT
    return '< 0.001' if p < 0.001 else f'{p:.3f}'


def _cell(found: Interval | None, sign: bool = False, digits: int = 1) -> str:
    if found is None:
        return ABSENT
    mean = f'{found.mean:{"+" if sign else ""}.{digits}f}'
    return mean if found.half is None else f'{mean} ± {found.half:.{digits}f}'
