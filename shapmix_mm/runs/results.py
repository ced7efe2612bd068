"""What the runs of a suite have come to."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import softmax

from shapmix_mm.evaluation.functional import expected_calibration_error
from shapmix_mm.runs.run_files import load_run_config
from shapmix_mm.runs.run_log import RunLog
from shapmix_mm.runs.scores import Scores, scores_of

from .plan import Task
from .run_state import changed_settings, is_done, logged
from .settings import takes_steps

__all__ = ['ACCURACIES', 'CLOCKS', 'Result', 'collect']

# Key of the log by the clock that it was taken from.
CLOCKS = dict(cpu='cpu_time', wall='time')
ACCURACIES = ('overall', 'many', 'medium', 'few', 'mean_class')


@dataclass
class Result:
    """What a run has come to.

    Attributes:
        task (Task): The run.
        epoch (int, optional): Epoch of the numbers; None if the run is not
            finished.
        values (dict[str, float]): Accuracies and ``ece`` in [0, 1]; a group
            without classes is absent.
        seconds (dict[str, float]): Time of all training steps together,
            first stages included, by its kind: ``wall``, and ``cpu`` where a
            run on CPUs has logged it.
        environment (dict[str, str]): Facts from the log's head.
        note (str): What is wrong with the run; empty if nothing is.
    """

    task: Task
    epoch: int | None = None
    values: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    note: str = ''


def collect(
    tasks: Sequence[Task], *, best: bool = False, ece: bool = False
) -> list[Result]:
    """Read the runs.

    Args:
        tasks (Sequence[Task]): Runs.
        best (bool): Whether to take the epoch with the best overall accuracy
            on the test set, and not the last. Defaults to False.
        ece (bool): Whether to test checkpoints whose scores are not kept
            yet. Defaults to False.

    Returns:
        list[Result]: One for each run.
    """
    return [_collect(task, best, ece) for task in tasks]


def _collect(task: Task, best: bool, ece: bool) -> Result:
    result, log = Result(task), logged(task.folder)
    if log is None:
        result.note = _missing(task)
        return result
    result.environment = log.environment
    if not is_done(task):
        reached = max(log.accuracies['overall'], default=0)
        result.note = (
            f'not finished, last validation at epoch {reached} of '
            f'{task.plan.max_epochs}'
        )
        return result
    changed = changed_settings(task)
    if changed:
        result.note = f'other settings than the suite: {", ".join(changed)}'
    result.epoch = task.plan.max_epochs
    overall = log.accuracies['overall']
    if best:
        result.epoch = min(overall, key=lambda epoch: (-overall[epoch], epoch))
    result.values = {
        name: log.accuracies[name][result.epoch]
        for name in ACCURACIES
        if np.isfinite(log.accuracies[name].get(result.epoch, np.nan))
    }
    for kind in CLOCKS:
        seconds = _all_seconds(task, log, kind)
        if seconds is not None:
            result.seconds[kind] = seconds
    # Only the last checkpoint is sure to be there still.
    if not best:
        _add_calibration(result, ece)
    return result


def _missing(task: Task) -> str:
    """Say why a run has no log."""
    if (task.folder / 'train.log').is_file():
        return 'ended before its first step'
    if task.first is not None and not is_done(task.first):
        return f'not started: its first stage {task.first.name} is missing'
    return 'not started'


def _all_seconds(task: Task, log: RunLog, clock: str) -> float | None:
    """Time of the training steps, with those of the first stage."""
    own = _seconds(log, clock) if takes_steps(task.plan.cfg) else 0.0
    if task.first is None or own is None:
        return own
    before = logged(task.first.folder)
    first = None if before is None else _all_seconds(task.first, before, clock)
    return None if first is None else own + first


def _seconds(log: RunLog, clock: str) -> float | None:
    # A GPU works while its process waits.
    if clock == 'cpu' and log.environment.get('CUDA available') == 'True':
        return None
    times = np.array(log.series(CLOCKS[clock]))
    if not np.isfinite(times).any():
        return None
    # A machine is now and then busy with something else, which only wall
    # time tells of; dear steps that a method takes now and then do count.
    middle = np.nanmean if clock == 'cpu' else np.nanmedian
    return float(middle(times) * log.steps[-1]['step'])


def _add_calibration(result: Result, test: bool) -> None:
    folder = result.task.folder
    name = f'epoch_{result.epoch}'
    kept = list(folder.glob(f'report/scores_{name}_*.npz'))
    if not kept and not test:
        return
    _, cfg = load_run_config(folder)
    quiet = contextlib.redirect_stdout(io.StringIO())
    with quiet if kept else contextlib.nullcontext():
        found = scores_of(cfg, folder / f'{name}.pth', folder / 'report')
    result.values['ece'] = _calibration(found)


def _calibration(found: Scores) -> float:
    scores = np.asarray(found.scores, dtype=np.float64)
    if scores.min() < 0 or not np.allclose(scores.sum(1), 1, atol=1e-2):
        scores = softmax(scores, axis=1)
    return expected_calibration_error(scores, found.labels).ece
