"""What a training run logged, over all its resumes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from .report_failure import ReportError

__all__ = ['RunLog', 'read_log']

_TIME = re.compile(r'^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) - mmengine')
_FACT = re.compile(r'^    (\S[^:]*): (.*)$')
# Metric of ours, and the stock metric's name of the same number.
_ACCURACIES = dict(
    overall=('overall', 'top1'),
    many=('many',),
    medium=('medium',),
    few=('few',),
    mean_class=('mean_class', 'mean1'),
)


@dataclass
class RunLog:
    """Entries of a run in the order of training.

    Attributes:
        steps (list[dict]): Training entries: ``step``, ``epoch``, ``loss``,
            ``lr``, ``time`` and what else was logged.
        accuracies (dict[str, dict[int, float]]): Accuracy in [0, 1] by epoch
            or iteration, by name: overall, many, medium, few, mean_class.
        environment (dict[str, str]): Facts from the log's head.
        seconds (float): Wall time of all parts of the run together.
        parts (int): How often the run was started.
    """

    steps: list[dict[str, Any]] = field(default_factory=list)
    accuracies: dict[str, dict[int, float]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    parts: int = 0

    def series(self, name: str) -> list[float]:
        """Values of one key, NaN where an entry lacks it.

        Args:
            name (str): Key of the training entries.

        Returns:
            list[float]: One value for each of ``steps``.
        """
        found = [entry.get(name) for entry in self.steps]
        return [
            float(value) if isinstance(value, (int, float)) else float('nan')
            for value in found
        ]

    def last(self) -> tuple[int, dict[str, float]] | None:
        """Return the last validation: its epoch, accuracies by name."""
        ends = [max(points) for points in self.accuracies.values() if points]
        if not ends:
            return None
        end = max(ends)
        return end, {
            name: points[end]
            for name, points in self.accuracies.items()
            if end in points
        }


def read_log(work_dir: Path) -> RunLog:
    """Read the logs of a run and of its resumes, the later ones first.

    Where a resume repeats steps of an earlier part, or starts the training
    anew, the earlier entries from there on are dropped.

    Args:
        work_dir (Path): Work directory of the training.

    Returns:
        RunLog: What was logged.

    Raises:
        ReportError: If there is no directory, or no log of a training.
    """
    if not work_dir.is_dir():
        raise ReportError(f'{work_dir} is no directory')
    log = RunLog(accuracies={name: {} for name in _ACCURACIES})
    paths = sorted(work_dir.glob('*/vis_data/scalars.json'))
    for path in paths:
        entries = _entries(path)
        trained = [e for e in entries if 'iter' in e and 'loss' in e]
        if not trained:
            continue
        log.parts += 1
        _cut(log, trained[0])
        log.steps += trained
        for entry in entries:
            if 'iter' not in entry:
                _add_accuracies(log, entry)
        _read_head(log, path.parents[1])
    if not log.steps:
        raise ReportError(
            f'no training step is logged in {paths[-1]}: the run was stopped '
            'before its first log, or trains nothing, as tau-normalisation'
            if paths
            else f'{work_dir} holds no log of a training '
            '(TIMESTAMP/vis_data/scalars.json)'
        )
    return log


def _entries(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in path.read_text(errors='replace').splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            # A killed run leaves half a line.
            continue
        if isinstance(entry, dict) and isinstance(entry.get('step'), int):
            found.append(entry)
    return found


def _cut(log: RunLog, first: dict[str, Any]) -> None:
    """Forget what the part that begins with an entry does again."""
    log.steps = [e for e in log.steps if e['step'] < first['step']]
    kept = log.steps[-1] if log.steps else {'step': -1}
    # A validation of an epoch belongs to the iterations before it.
    reached = max(kept.get('epoch', kept['step']), -1)
    for points in log.accuracies.values():
        for step in [step for step in points if step > reached]:
            del points[step]


def _add_accuracies(log: RunLog, entry: dict[str, Any]) -> None:
    for name, keys in _ACCURACIES.items():
        for key in keys:
            value = entry.get(f'acc/{key}')
            if isinstance(value, (int, float)):
                log.accuracies[name][entry['step']] = float(value)
                break


def _read_head(log: RunLog, folder: Path) -> None:
    """Add the wall time, and take the facts of the latest part."""
    times: list[str] = []
    for path in sorted(folder.glob('*.log')):
        lines = path.read_text(errors='replace').splitlines()
        times += [m[1] for m in map(_TIME.match, lines) if m]
        facts = _facts(lines)
        if facts:
            log.environment = facts
    if times:
        start, end = (
            datetime.strptime(text, '%Y/%m/%d %H:%M:%S')
            for text in (times[0], times[-1])
        )
        log.seconds += (end - start).total_seconds()


def _facts(lines: list[str]) -> dict[str, str]:
    facts: dict[str, str] = {}
    inside = False
    for line in lines:
        if line.startswith('System environment:'):
            inside = True
        elif ' - INFO - Config' in line:
            break
        elif inside:
            match = _FACT.match(line)
            if match:
                facts[match[1]] = match[2].strip()
    return facts
