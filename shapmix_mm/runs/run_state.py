"""How far a run has come, by what its folder holds."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from shapmix_mm.runs.report_failure import ReportError
from shapmix_mm.runs.run_log import RunLog, read_log
from shapmix_mm.serialization import find_whole_checkpoint, is_whole_checkpoint

from .plan import Task
from .settings import differences
from .suite_failure import SuiteError
from .validations import read_validations

__all__ = [
    'check_settings',
    'epochs_done',
    'is_done',
    'logged',
    'resume_arguments',
    'write_settings',
]

_RECORD = 'task.json'
_SAVED = re.compile(r'epoch_(\d+)\.pth')


def logged(folder: Path) -> RunLog | None:
    """Read the log of a run, or None where there is none."""
    try:
        return read_log(folder)
    except ReportError:
        return read_validations(folder)


def is_done(task: Task) -> bool:
    """Tell whether the last validation and the last checkpoint are there.

    Args:
        task (Task): The run.

    Returns:
        bool: False as well for a checkpoint that is damaged.
    """
    last = task.plan.max_epochs
    log = logged(task.folder)
    if log is None or last not in log.accuracies['overall']:
        return False
    found = find_whole_checkpoint(task.folder)
    return found is not None and Path(found).name == task.last_checkpoint.name


def epochs_done(folder: Path) -> float:
    """Epochs that a run has logged, with the part of the last one.

    Args:
        folder (Path): Work directory.

    Returns:
        float: 0 before the first entry.
    """
    log = logged(folder)
    if log is None:
        return 0.0
    if not log.steps:
        return float(max(log.accuracies['overall']))
    last = log.steps[-1]
    epoch = last.get('epoch', 1)
    before = [e['step'] for e in log.steps if e.get('epoch', 1) < epoch]
    if not before:
        # How long an epoch is shows only at its end.
        return float(epoch in log.accuracies['overall'])
    length = before[-1] / (epoch - 1)
    return min(epoch - 1 + (last['step'] - before[-1]) / length, epoch)


def resume_arguments(task: Task) -> list[str]:
    """Arguments that make the training tool go on with a run.

    A run that was killed between a checkpoint and its validation has to take
    an earlier one, or that validation would never be made.

    Args:
        task (Task): The run.

    Returns:
        list[str]: Nothing where it has to begin anew.
    """
    log = logged(task.folder)
    known = set() if log is None else set(log.accuracies['overall'])
    train, last = task.plan.cfg.train_cfg, task.plan.max_epochs
    saved = [
        (int(match[1]), path)
        for path in task.folder.glob('*.pth')
        if (match := _SAVED.fullmatch(path.name))
    ]
    for epoch, path in sorted(saved, reverse=True):
        due = epoch % train.get('val_interval', 1) == 0 or epoch == last
        if (epoch in known or not due) and is_whole_checkpoint(path):
            return ['--resume', str(path)]
    return []


def write_settings(task: Task, command: list[str]) -> None:
    """Keep what a run is started with, before it starts.

    Args:
        task (Task): The run.
        command (list[str]): Its command line.
    """
    content = dict(command=command, **task.settings())
    path = task.folder / _RECORD
    part = path.with_suffix('.part')
    part.write_text(json.dumps(content, indent=1), encoding='utf-8')
    os.replace(part, path)


def changed_settings(task: Task) -> list[str] | None:
    """Settings that differ from those a run was started with.

    Args:
        task (Task): The run.

    Returns:
        list[str] | None: Dotted keys; None if the run keeps no record.
    """
    try:
        text = (task.folder / _RECORD).read_text(encoding='utf-8')
    except OSError:
        return None
    old: dict[str, Any] = json.loads(text)
    new = task.settings()
    return differences({key: old.get(key) for key in new}, new)


def check_settings(task: Task) -> None:
    """Refuse to go on with a run of other settings.

    Args:
        task (Task): The run.

    Raises:
        SuiteError: If the suite or its configs were changed since, or no
            suite started it.
    """
    changed = changed_settings(task)
    if changed is None:
        if logged(task.folder) is None:
            return
        raise SuiteError(
            f'{task.folder} holds a run that no suite has started; delete '
            'it, or give another --root'
        )
    if changed:
        more = f' and {len(changed) - 3} more' if len(changed) > 3 else ''
        raise SuiteError(
            f'{task.folder} was started with other settings than the suite '
            f'gives now ({", ".join(changed[:3])}{more}); delete it, or give '
            'another --root'
        )
