"""What the runs of a suite have come to, and the comparison of its methods.

A run is a row of a table, a cell a group of rows. :func:`collect` reads the
runs, :func:`summarize` groups them, :func:`write_comparison` writes tables,
figures and page.
"""

from __future__ import annotations

import contextlib
import platform
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from shapmix_mm.evaluation import describe_thresholds, thresholds_of
from shapmix_mm.serialization import whole_file
from shapmix_mm.version import __version__
from shapmix_mm.visualization import (
    MeanOfSeeds,
    plot_mean_ranks,
    plot_method_intervals,
)

from .pages import ABSENT, image, markdown, needed, render
from .queue import changed_settings, is_done
from .report import devices
from .run import ACCURACIES, RunError, RunLog, lacks, logged
from .statistics import (
    Comparison,
    Joint,
    compare,
    critical_difference,
    holm,
    interval,
    joint,
    mean_ranks,
)
from .suite import Plan, Suite, Task

__all__ = [
    'BEST',
    'LAST',
    'collect',
    'read_known',
    'summarize',
    'untrained',
    'write_comparison',
]

LAST, BEST = 'last epoch', 'best on test'
METRICS = (*ACCURACIES, 'ece')
# Column of a run's time by the key of the log that it was taken from; the
# first that all runs have makes the costs.
_CLOCKS = dict(train_cpu_seconds='cpu_time', train_seconds='time')
_RUN = (
    *('dataset', 'recognizer', 'method', 'seed', 'selection', 'epoch'),
    *(*METRICS, 'train_seconds', 'train_cpu_seconds'),
    *('device', 'torch', 'settings', 'note'),
)
# What tells a run in a table of an earlier report.
_KEY = ('dataset', 'recognizer', 'method', 'seed', 'selection')
_SUMMARY = (
    *('dataset', 'recognizer', 'method', 'epochs', 'samples_per_step'),
    *('metric', 'selection', 'n', 'mean', 'half_width_95', 'baseline'),
    *('paired_n', 'difference', 'difference_half_width_95', 'p', 'p_holm'),
)
_WHOLE = ('epochs', 'samples_per_step', 'n', 'paired_n')
_TITLES = dict(mean_class='mean class', ece='ECE')
_FOLDS = (
    'Folds share what they train on: intervals and tests over k folds take '
    'the variance of a mean of n of them as that of one times 1 / n + '
    '1 / (k - 1), after Nadeau and Bengio (2003).'
)
_PACKAGES = ('torch', 'mmengine', 'mmaction2', 'numpy', 'scipy')


def read_known(paths: Sequence[Path]) -> dict[tuple, dict[str, Any]]:
    """Read the finished runs of earlier reports.

    Args:
        paths (Sequence[Path]): Their ``runs.csv``.

    Returns:
        dict[tuple, dict]: Row by dataset, recognizer, method, seed and
        selection, with ``source``, its file.

    Raises:
        RunError: If a file cannot be read or lacks a column, or if two have
            different rows of a run.
    """
    found: dict[tuple, dict[str, Any]] = {}
    for path in paths:
        for row in _read_rows(path):
            key = tuple(row[name] for name in _KEY)
            other = found.setdefault(key, dict(row, source=path))
            if {**row, 'source': other['source']} != other:
                raise RunError(
                    f'{path} and {other["source"]} have different rows of '
                    f'{"/".join(map(str, key))}'
                )
    return found


def _read_rows(path: Path) -> list[dict[str, Any]]:
    """Finished runs of a table; None for what it leaves out."""
    kinds: dict[str, type] = dict.fromkeys(_RUN, str)
    kinds.update({name: float for name in (*METRICS, *_CLOCKS, 'epoch')})
    try:
        frame = needed('pandas').read_csv(path, dtype={**kinds, 'seed': int})
    except (OSError, ValueError) as error:
        raise RunError(f'{path} is no table of runs: {error}') from error
    lacking = [name for name in _RUN if name not in frame.columns]
    if lacking:
        raise RunError(
            f'{path} has no column {", ".join(lacking)}; expected is the '
            'runs.csv of a report'
        )
    frame = frame[frame.epoch.notna()]
    return (
        frame.astype(object)
        .where(frame.notna(), None)[[*_RUN]]
        .to_dict('records')
    )


def untrained(
    tasks: Sequence[Task], known: Mapping[tuple, Mapping[str, Any]]
) -> list[Task]:
    """Leave out runs that an earlier report has with the same settings.

    Args:
        tasks (Sequence[Task]): Runs.
        known (Mapping): Rows of earlier reports, from :func:`read_known`.

    Returns:
        list[Task]: The others, and the first stages that they start from.
    """

    def missing(task: Task) -> bool:
        plan = task.plan
        old = known.get(
            (
                *(plan.dataset.name, plan.recognizer.name, plan.method.name),
                *(task.seed, LAST),
            )
        )
        return old is None or old['settings'] != task.digest

    wanted = {task.folder for task in tasks if missing(task)}
    for task in reversed(tasks):
        if task.folder in wanted and task.first is not None:
            wanted.add(task.first.folder)
    return [task for task in tasks if task.folder in wanted]


def collect(
    tasks: Sequence[Task],
    *,
    best: bool | Sequence[bool] = False,
    known: Mapping[tuple, Mapping[str, Any]] | None = None,
) -> Any:
    """Read the runs.

    Args:
        tasks (Sequence[Task]): Runs.
        best (bool | Sequence[bool]): Whether to take the epoch with the best
            overall accuracy on the test set, and not the last; several give
            a row each. Defaults to False.
        known (Mapping, optional): Rows of earlier reports, from
            :func:`read_known`, for runs that are not finished here.

    Returns:
        DataFrame: A row per run and choice. Accuracies and ``ece`` are in
        [0, 1], absent for a group without classes. ``epoch`` is that of the
        numbers, absent if the run is not finished. The times are those of
        all training steps together, first stages included; ``note`` says
        what is wrong, or nothing; ``task`` is an object, ``source`` the
        file of a row that is not from here.
    """
    pandas = needed('pandas')
    choices = [best] if isinstance(best, bool) else best
    rows = [
        _recall(_collect(task, choice), known or {})
        for choice in choices
        for task in tasks
    ]
    columns = [*_RUN, 'setting', 'task', 'source']
    frame = pandas.DataFrame(rows, columns=columns)
    numbers = {name: float for name in (*METRICS, *_CLOCKS)}
    return frame.astype({'epoch': 'Int64', **numbers})


def _collect(task: Task, best: bool) -> dict[str, Any]:
    log, plan = logged(task.folder), task.plan
    environment = {} if log is None else log.environment
    row: dict[str, Any] = dict(
        dataset=plan.dataset.name,
        recognizer=plan.recognizer.name,
        method=plan.method.name,
        setting=plan.setting,
        seed=task.seed,
        selection=BEST if best else LAST,
        task=task,
        device=', '.join(devices(environment)),
        torch=environment.get('PyTorch', ''),
        settings=task.digest,
        note='',
        source='',
    )
    missing = lacks(task.folder, log, plan.max_epochs)
    if log is None or missing:
        row['note'] = (
            _not_begun(task) if log is None else f'not finished: {missing}'
        )
        return row
    notes = list(log.damaged)
    changed = changed_settings(task)
    if changed:
        notes.append(f'other settings than the suite: {", ".join(changed)}')
    overall = log.accuracies['overall']
    end = plan.max_epochs
    if best:
        end = min(overall, key=lambda epoch: (-overall[epoch], epoch))
    row.update(log.at(end), epoch=end, note='; '.join(notes))
    row['ece'] = log.calibration.get(end)
    for column in _CLOCKS:
        row[column] = _all_seconds(task, log, column)
    return row


def _recall(
    row: dict[str, Any], known: Mapping[tuple, Mapping[str, Any]]
) -> dict[str, Any]:
    """Take the row of an earlier report if a run is not finished here."""
    old = known.get(tuple(row[name] for name in _KEY))
    if 'epoch' in row or old is None:
        return row
    notes = [old['note'] or '']
    if old['settings'] != row['settings']:
        notes.append('other settings than the suite')
    return {**row, **old, 'note': '; '.join(filter(None, notes))}


def _not_begun(task: Task) -> str:
    """Say why a run has no log."""
    if (task.folder / 'train.log').is_file():
        return 'ended before its first step'
    if task.first is not None and not is_done(task.first):
        return f'not started: its first stage {task.first.name} is missing'
    return 'not started'


def _all_seconds(task: Task, log: RunLog, column: str) -> float | None:
    """Time of the training steps, with those of the first stage."""
    own = _seconds(log, column) if task.plan.takes_steps else 0.0
    if task.first is None or own is None:
        return own
    before = logged(task.first.folder)
    if before is None:
        return None
    first = _all_seconds(task.first, before, column)
    return None if first is None else own + first


def _seconds(log: RunLog, column: str) -> float | None:
    cpu = column == 'train_cpu_seconds'
    # A GPU works while its process waits.
    if cpu and log.environment.get('CUDA available') == 'True':
        return None
    times = np.array(log.series(_CLOCKS[column]))
    if not np.isfinite(times).any():
        return None
    # A machine is now and then busy with something else, which only wall
    # time tells of; dear steps that a method takes now and then do count.
    middle = np.nanmean if cpu else np.nanmedian
    return float(middle(times) * log.steps[-1]['step'])


def summarize(runs: Any, baseline: str) -> Any:
    """Group the runs, and compare each method with the baseline.

    Args:
        runs (DataFrame): What :func:`collect` gave; runs that are not
            finished are left out.
        baseline (str): Method that the others are tested against.

    Returns:
        DataFrame: A row per dataset, recognizer, method, selection and
        metric: accuracies in percent, and ``cost``, the time of the training
        steps in that of the cross-entropy run of the same seed. Besides the
        columns of the CSV file, ``setting``, ``clock`` of the cost, and
        ``own`` and ``against``, the interval and the comparison.
    """
    finished = runs[runs.epoch.notna()]
    keys = ['setting', 'selection']
    rows = [
        row
        for _, group in finished.groupby(keys, sort=False)
        for row in _summarize_setting(group, baseline)
    ]
    columns = [*_SUMMARY, 'setting', 'clock', 'own', 'against']
    frame = needed('pandas').DataFrame(rows, columns=columns)
    return frame.astype({name: 'Int64' for name in _WHOLE})


def _summarize_setting(group: Any, baseline: str) -> list[dict[str, Any]]:
    group = group.copy()
    # One clock for all rows, or they could not be compared.
    clock = next((c for c in _CLOCKS if group[c].notna().all()), [*_CLOCKS][1])
    usual = group[group.method == 'ce'].set_index('seed')[clock]
    usual = usual[usual > 0]
    group['cost'] = group[clock] / group.seed.map(usual)
    group[list(METRICS)] *= 100
    plans = {task.plan.method.name: task.plan for task in group.task}
    overlap = group.task.iloc[0].plan.dataset.overlap
    rows = []
    for metric in (*METRICS, 'cost'):
        cells = {
            method: own.set_index('seed')[metric].dropna().to_dict()
            for method, own in group.groupby('method', sort=False)
        }
        pairs = {
            method: pair
            for method, cell in cells.items()
            if baseline != method and metric != 'cost'
            if (pair := compare(cell, cells.get(baseline, {}), overlap))
        }
        counted = [
            pair.p if plans[method].method.times == 1 else None
            for method, pair in pairs.items()
        ]
        p_holm = dict(zip(pairs, holm(counted)))
        for method, cell in cells.items():
            pair = pairs.get(method)
            # Times do not depend on what a fold trains on.
            shared = 0.0 if metric == 'cost' else overlap
            own = interval([*cell.values()], shared)
            if own is None:
                continue
            row = _summary_row(plans[method], metric, clock, own, pair)
            row['selection'] = group.selection.iloc[0]
            if pair:
                row.update(baseline=baseline, p_holm=p_holm[method])
            rows.append(row)
    return sorted(rows, key=lambda row: [*plans].index(row['method']))


def _summary_row(
    plan: Plan, metric: str, clock: str, own: Any, pair: Any
) -> dict[str, Any]:
    row = dict(
        dataset=plan.dataset.name,
        recognizer=plan.recognizer.name,
        method=plan.method.name,
        setting=plan.setting,
        epochs=sum(plan.stages),
        samples_per_step=plan.samples,
        metric=metric,
        n=len(own.values),
        mean=own.mean,
        half_width_95=own.half,
        own=own,
        against=pair,
        clock=clock,
    )
    if pair is not None:
        row.update(
            paired_n=len(pair.difference.values),
            difference=pair.difference.mean,
            difference_half_width_95=pair.difference.half,
            p=pair.p,
        )
    return row


class _Block:
    """Methods on one dataset, with one choice of the epoch.

    Args:
        runs (DataFrame): Runs of the dataset, finished or not.
        summary (DataFrame): Their cells.
        baseline (str): Method that the others are tested against.
        labelled (bool): Whether the title says how the epoch was chosen.
    """

    def __init__(
        self, runs: Any, summary: Any, baseline: str, labelled: bool
    ) -> None:
        self.runs, self.cells, self.baseline = runs, summary, baseline
        self.plans: list[Plan] = list(
            {task.plan.method.name: task.plan for task in runs.task}.values()
        )
        self.names = {p.method.name: p.method.title for p in self.plans}
        self.best = runs.selection.iloc[0] == BEST
        plan = self.plans[0]
        self.name = plan.setting + ('-best' if self.best and labelled else '')
        self.title = f'{plan.dataset.title}, {plan.recognizer.title}'
        if labelled:
            chosen = 'best epoch ON THE TEST SET' if self.best else LAST
            self.title += f' ({chosen})'
        self.against = self.names.get(baseline, 'the baseline')

    def lookup(self, column: str) -> dict[tuple[str, str], Any]:
        """Objects of a column by method and metric."""
        known = self.cells[self.cells[column].notna()]
        keys = zip(known.method, known.metric)
        return dict(zip(keys, known[column]))

    @property
    def means(self) -> Any:
        """Table of means; a group without classes has an absent cell."""
        own = self.lookup('own')
        metrics = [
            m for m in METRICS if m != 'ece' or m in set(self.cells.metric)
        ]
        finished = self.runs[self.runs.epoch.notna()].method.value_counts()
        rows = []
        for plan in self.plans:
            name = plan.method.name
            row = {
                'method': plan.method.title,
                'epochs': ' + '.join(map(str, plan.stages)),
                'step': 'N' if plan.samples == 1 else f'{plan.samples}N',
                'seeds': str(finished.get(name, 0)),
            }
            for metric in metrics:
                cell = own.get((name, metric))
                row[_title(metric)] = cell.text() if cell else ABSENT
            cost = own.get((name, 'cost'))
            row['cost'] = cost.text(digits=2) if cost else ABSENT
            rows.append(row)
        return needed('pandas').DataFrame(rows)

    @property
    def differences(self) -> Any:
        """Table of differences from the baseline."""
        known = self.cells[self.cells.against.notna()]
        rows = [
            {
                'method': self.names[row.method],
                'metric': _title(row.metric),
                'n': str(row.paired_n),
                'difference': row.against.difference.text(sign=True),
                'p': _probability(row.p),
                'p (Holm)': _probability(row.p_holm),
            }
            for row in known.itertuples()
        ]
        return needed('pandas').DataFrame(rows)

    def notes(self) -> list[str]:
        """Sentences that say how to read the table of means."""
        chosen = 'the last epoch'
        if self.best:
            chosen = (
                'the epoch with the best overall accuracy ON THE TEST SET, '
                'which flatters every method'
            )
        thresholds = {thresholds_of(plan.cfg) for plan in self.plans}
        groups = ' or '.join(
            describe_thresholds(many, few) for few, many in sorted(thresholds)
        )
        return [
            f'Accuracy of {chosen} in percent, mean and 95 % t interval over '
            'seeds; one seed has no interval, and a group without classes an '
            f'absent cell (–). Groups: {groups}.',
            'Epochs are passes over the training data; those of a second '
            'stage stand after a plus. A step of 2N trains on each clip of '
            'the batch as it is and once more mixed.',
            *self._fold_note(),
            *self._cost_note(),
        ]

    def _fold_note(self) -> list[str]:
        return [_FOLDS] if self.plans[0].dataset.overlap else []

    def _cost_note(self) -> list[str]:
        costs = self.cells[self.cells.metric == 'cost']
        if costs.empty:
            return []
        kind, care = 'processor', ''
        if costs.clock.iloc[0] == 'train_seconds':
            kind = 'wall'
            care = (
                ' It is the median over the log of each run, and on a machine '
                'that did something else as well no more than a hint.'
            )
        if self.runs.source.astype(bool).any():
            care += (
                ' Rows from other reports may be of faster or slower machines;'
                ' costs compare runs that were made side by side alone.'
            )
        return [
            f'Cost is the {kind} time of all training steps, first stages '
            'included, in that of the cross-entropy (ce) run of the same '
            f'seed.{care}'
        ]

    def paired_note(self) -> str:
        """Say what the table of differences shows."""
        if self.baseline not in set(self.cells.method):
            return 'The baseline has no finished run; nothing can be compared.'
        return (
            f'Difference from {self.against} in points of percent, '
            'seed by seed: mean, 95 % t interval and two-sided paired t test '
            '(scipy.stats) over the n seeds that both have. Holm: '
            'corrected for the number of methods (rows that only train for '
            'longer are none), metric by metric; not for that of metrics. '
            'With few seeds a large p shows nothing.'
        )

    def draw(self, folder: Path, paired: bool) -> dict[str, Any] | None:
        """Draw means, or differences, if there are any."""
        numbers: dict[str, dict[str, MeanOfSeeds]] = {}
        column = 'against' if paired else 'own'
        for (method, metric), cell in self.lookup(column).items():
            if metric != 'cost':
                own = cell.difference if paired else cell
                line = numbers.setdefault(self.names[method], {})
                line[metric] = MeanOfSeeds(*own)
        if not numbers:
            return None
        metrics = {metric for line in numbers.values() for metric in line}
        reference = dict.fromkeys(metrics, 0.0)
        unit = f'points of percent above {self.against}'
        if not paired:
            own = self.lookup('own')
            unit = 'percent; dashed: mean of the baseline'
            reference = {
                m: own[self.baseline, m].mean
                for m in metrics
                if (self.baseline, m) in own
            }
        ending = '-paired' if paired else ''
        path = folder / f'{self.name}{ending}.png'
        return image(
            plot_method_intervals(
                numbers, path, unit=unit, reference=reference
            )
        )


class _Together:
    """Methods on all datasets, with one choice of the epoch.

    Args:
        blocks (Sequence[_Block]): The datasets.
    """

    def __init__(self, blocks: Sequence[_Block]) -> None:
        self.names: dict[str, str] = {}
        for block in blocks:
            self.names.update(block.names)
        plans = (plan for block in blocks for plan in block.plans)
        self.controls = {p.method.name for p in plans if p.method.times > 1}
        self.against = blocks[0].against
        self.title = 'All datasets together'
        self.pairs = [block.lookup('against') for block in blocks]
        self.overlaps = [b.plans[0].dataset.overlap for b in blocks]
        pandas = needed('pandas')
        runs = pandas.concat([block.runs for block in blocks])
        wide = runs.pivot_table(
            index=['setting', 'seed'], columns='method', values='overall'
        )
        # A block is a dataset and seed that all methods have done.
        self.ranked = wide.drop(columns=self.controls & {*wide}).dropna()

    @property
    def differences(self) -> Any:
        """Table of mean differences from the baseline."""
        rows = []
        for metric in ACCURACIES:
            found = self._joined(metric)
            counted = [
                None if method in self.controls else one.p
                for method, one in found.items()
            ]
            rows += [
                {
                    'method': self.names[method],
                    'metric': _title(metric),
                    'sets': str(one.sets),
                    'n': str(one.n),
                    'difference': f'{one.mean:+.1f}',
                    '95 % interval': f'{one.low:+.1f} to {one.high:+.1f}',
                    'p': _probability(one.p),
                    'p (Holm)': _probability(p),
                }
                for (method, one), p in zip(found.items(), holm(counted))
            ]
        order = {
            title: place for place, title in enumerate(self.names.values())
        }
        rows.sort(key=lambda row: order[row['method']])
        return needed('pandas').DataFrame(rows)

    def _joined(self, metric: str) -> dict[str, Joint]:
        joined = {
            method: joint(
                [c.difference.values if c else () for c in cells],
                self.overlaps,
            )
            for method, cells in self._cells(metric).items()
        }
        return {method: one for method, one in joined.items() if one}

    def _cells(self, metric: str) -> dict[str, list[Comparison | None]]:
        return {
            method: [p.get((method, metric)) for p in self.pairs]
            for method in self.names
        }

    def note(self) -> str:
        """Say what the table shows."""
        folds = f' {_FOLDS}' if any(self.overlaps) else ''
        return (
            f'Difference from {self.against} in points of percent: mean over '
            'the datasets that have both, each counting alike, of the '
            'differences of equal seeds (n of them); 95 % t interval and '
            'two-sided test after Welch and Satterthwaite, seeds scattering '
            'within datasets; by Holm corrected for the number of methods '
            '(rows that only train for longer are none). '
            f'Both speak of these datasets.{folds}'
        )

    def rank_note(self) -> str:
        """Say what the picture shows."""
        care = ''
        if any(self.overlaps):
            care = ' That takes the pairs for independent; folds are not.'
        return (
            f'Mean rank by overall accuracy over {len(self.ranked)} pairs of '
            'dataset and seed; by Nemenyi (5 %, all pairs of methods) those '
            f'that a bar joins are not told apart.{care}'
        )

    def draw_differences(self, folder: Path) -> dict[str, Any] | None:
        """Draw the table of differences, if there are any."""
        numbers: dict[str, dict[str, MeanOfSeeds]] = {}
        for metric in ACCURACIES:
            cells = self._cells(metric)
            for method, one in self._joined(metric).items():
                pairs = [c.difference for c in cells[method] if c]
                means = [pair.mean for pair in pairs if len(pair.values) > 1]
                line = numbers.setdefault(self.names[method], {})
                half = (one.high - one.low) / 2
                line[metric] = MeanOfSeeds(means, one.mean, half)
        if not numbers:
            return None
        return image(
            plot_method_intervals(
                numbers,
                folder / 'together.png',
                unit=f'points of percent above {self.against}',
                reference=dict.fromkeys(ACCURACIES, 0.0),
            )
        )

    def draw_ranks(self, folder: Path) -> dict[str, Any] | None:
        """Draw mean ranks, if enough runs are there."""
        blocks, methods = self.ranked.shape
        if blocks < 2 or methods < 2:
            return None
        values = mean_ranks(self.ranked.to_numpy())
        titles = [self.names[method] for method in self.ranked.columns]
        return image(
            plot_mean_ranks(
                dict(zip(titles, values)),
                folder / 'ranks.png',
                difference=critical_difference(methods, blocks),
            )
        )


def _title(metric: str) -> str:
    return _TITLES.get(metric, metric)


def _probability(p: float | None) -> str:
    if p is None or p != p:
        return ABSENT
    return '< 0.001' if p < 0.001 else f'{p:.3f}'


def _runs_table(runs: Any) -> Any:
    """A row per run, with what is wrong with it."""
    rows = []
    for run in runs.itertuples():
        plan, done = run.task.plan, not needed('pandas').isna(run.epoch)
        names = [plan.config.name, *(Path(m).stem for m in plan.mixins)]
        rows.append(
            {
                'dataset': plan.setting,
                'method': plan.method.name,
                'seed': str(run.seed),
                'epoch of the log': str(run.epoch) if done else ABSENT,
                'overall': f'{100 * run.overall:.1f}' if done else ABSENT,
                'config': ' + '.join(names),
                'state': (run.note or 'finished')
                + (f', from {_told(run.source)}' if run.source else ''),
            }
        )
    return needed('pandas').DataFrame(rows)


def _told(path: Path) -> Path:
    """A file as a report, which may be committed, tells it: from here."""
    path, here = path.resolve(), Path.cwd()
    return path.relative_to(here) if here in path.parents else Path(path.name)


def _facts(suite: Suite, runs: Any, command: str) -> dict[str, str]:
    """Command, seeds, versions and device."""
    versions = [f'shapmix_mm {__version__}']
    versions.append(f'Python {platform.python_version()}')
    for name in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions.append(f'{name} {metadata.version(name)}')
    kinds = {
        name: ', '.join(sorted({*runs[name].dropna()} - {''}))
        for name in ('device', 'torch')
    }
    found = {
        'command': command,
        'seeds': _seeds(suite),
        'device of the runs': kinds['device'] or 'unknown',
        'versions of the report': ', '.join(versions),
        'PyTorch of the runs': kinds['torch'],
    }
    return {name: text for name, text in found.items() if text}


def _seeds(suite: Suite) -> str:
    """Seeds, by dataset where they differ."""
    found = [
        (dataset.title, ', '.join(map(str, suite.seeds_of(dataset))))
        for dataset in suite.datasets
    ]
    if len({seeds for _, seeds in found}) == 1:
        return found[0][1]
    return '; '.join(f'{title}: {seeds}' for title, seeds in found)


def write_comparison(
    suite: Suite,
    runs: Any,
    out: Path,
    *,
    baseline: str | None = None,
    command: str = '',
) -> list[Path]:
    """Write tables and page, and the page's figures as files of their own.

    Args:
        suite (Suite): The suite.
        runs (DataFrame): Its runs, of one selection of the epoch or of two
            one after the other.
        out (Path): Folder to write to.
        baseline (str, optional): Method that the others are tested against.
            Defaults to None, the suite's.
        command (str): Command line that did the runs. Defaults to ''.

    Returns:
        list[Path]: The files.
    """
    baseline = baseline or suite.reference
    summary = summarize(runs, baseline)
    blocks = _blocks(runs, summary, baseline)
    first = runs[runs.selection == runs.selection.iloc[0]]
    with tempfile.TemporaryDirectory() as folder:
        values = _page_values(suite, first, blocks, Path(folder), command)
        figures = {p.name: p.read_bytes() for p in Path(folder).glob('*.png')}
        texts = {
            'report.md': render('comparison.md', **values),
            'report.html': render('comparison.html', **values),
            'summary.csv': summary.to_csv(columns=_SUMMARY, index=False),
            'runs.csv': runs.to_csv(columns=_RUN, index=False),
        }
    contents = {name: text.encode() for name, text in texts.items()}
    contents.update(sorted(figures.items()))
    for name, content in contents.items():
        with whole_file(out / name) as scratch:
            scratch.write_bytes(content)
    return [out / name for name in contents]


def _blocks(runs: Any, summary: Any, baseline: str) -> list[_Block]:
    """Blocks of the datasets, choice after choice of the epoch."""
    labelled = runs.selection.nunique() > 1
    return [
        _Block(
            group,
            summary[
                (summary.setting == setting) & (summary.selection == chosen)
            ],
            baseline,
            labelled,
        )
        for (chosen, setting), group in runs.groupby(
            ['selection', 'setting'], sort=False
        )
    ]


def _page_values(
    suite: Suite,
    runs: Any,
    blocks: Sequence[_Block],
    folder: Path,
    command: str,
) -> dict[str, Any]:
    sections: dict[str, str] = {}
    for block in blocks:
        sections[block.name] = block.title
        sections[f'{block.name}-paired'] = (
            f'{block.title}: against {block.against}'
        )
    best = [block.best for block in blocks]
    ending = ', best epoch on the test set' if all(best) else ''
    if any(best) and not all(best):
        ending = ', last epoch and best epoch on the test set'
    missing = int(runs.epoch.isna().sum())
    # Epochs chosen on the test set are no ground for a test over datasets.
    shown = [block for block in blocks if not block.best]
    together = None
    if len(shown) > 1:
        together = _Together(shown)
        sections['together'] = together.title
    return dict(
        title=f'Suite {suite.name}{ending}',
        together=together,
        differences=together and together.draw_differences(folder),
        ranks=together and together.draw_ranks(folder),
        about=' '.join(suite.about.split()),
        sections={**sections, 'runs': 'Runs', 'setup': 'Set-up'},
        blocks=blocks,
        means={b.name: b.draw(folder, False) for b in blocks},
        paired={b.name: b.draw(folder, True) for b in blocks},
        missing=missing,
        runs=_runs_table(runs),
        facts=_facts(suite, runs, command),
        markdown=markdown,
    )
