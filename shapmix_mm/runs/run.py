"""A training run by its folder: config, log, checkpoints, what it lacks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mmengine.config import Config

from shapmix_mm.serialization import (
    find_whole_checkpoint,
    load_checkpoint_file,
)

__all__ = [
    'ACCURACIES',
    'RunError',
    'RunLog',
    'epochs_reached',
    'find_checkpoint',
    'find_runs',
    'lacks',
    'load_run_config',
    'logged',
    'passes_per_epoch',
    'planned_end',
    'read_log',
]

_TIME = re.compile(r'^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) - mmengine')
_FACT = re.compile(r'^    (\S[^:]*): (.*)$')
_SAVED = re.compile(r'epoch_(\d+)\.pth')
_LOGS = '*/vis_data/scalars.json'
# Metric of ours, and the stock metric's name of the same number.
_KEYS = dict(
    overall=('overall', 'top1'),
    many=('many',),
    medium=('medium',),
    few=('few',),
    mean_class=('mean_class', 'mean1'),
)
ACCURACIES = tuple(_KEYS)


class RunError(Exception):
    """What is wrong with a run, a suite or the arguments, in one sentence."""


@dataclass
class RunLog:
    """Entries of a run in the order of training.

    Attributes:
        steps (list[dict]): Training entries: ``step``, ``epoch``, ``loss``,
            ``lr``, ``time`` and what else was logged; none of a run that
            takes no step, such as tau-normalisation.
        accuracies (dict[str, dict[int, float]]): Accuracy in [0, 1] by epoch
            or iteration, by name: overall, many, medium, few, mean_class.
        calibration (dict[int, float]): Calibration error likewise.
        environment (dict[str, str]): Facts from the log's head.
        seconds (float): Wall time of all parts of the run together.
        parts (int): How often the run was started.
        damaged (list[str]): Lines that cannot be read, by file; the last
            line of a file does not count, which a killed run leaves cut.
    """

    steps: list[dict[str, Any]] = field(default_factory=list)
    accuracies: dict[str, dict[int, float]] = field(
        default_factory=lambda: {name: {} for name in _KEYS}
    )
    calibration: dict[int, float] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    parts: int = 0
    damaged: list[str] = field(default_factory=list)

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

    def at(self, end: int) -> dict[str, float]:
        """Accuracies of one validation by name."""
        return {n: p[end] for n, p in self.accuracies.items() if end in p}

    def last(self) -> tuple[int, dict[str, float]] | None:
        """Return the last validation: its epoch, accuracies by name."""
        ends = [end for points in self.accuracies.values() for end in points]
        return (max(ends), self.at(max(ends))) if ends else None


def read_log(work_dir: Path) -> RunLog:
    """Read the logs of a run and of its resumes, the later ones first.

    Where a resume repeats steps of an earlier part, or starts the training
    anew, the earlier entries from there on are dropped. Where some part has
    steps, one without, as a test leaves it, counts only for the validation
    that the steps before it still owe: a resume makes it good.

    Args:
        work_dir (Path): Work directory of the training.

    Returns:
        RunLog: What was logged.

    Raises:
        RunError: If there is no directory, or no log of a training.
    """
    if not work_dir.is_dir():
        raise RunError(f'{work_dir} is no directory')
    log = logged(work_dir)
    if log is None:
        paths = sorted(work_dir.glob(_LOGS))
        raise RunError(
            f'no training step and no validation is logged in {paths[-1]}: '
            'the run was stopped before its first log'
            if paths
            else f'{work_dir} holds no log of a training '
            '(TIMESTAMP/vis_data/scalars.json)'
        )
    return log


def logged(work_dir: Path) -> RunLog | None:
    """Read the logs of a run, see :func:`read_log`.

    Args:
        work_dir (Path): Work directory of the training.

    Returns:
        RunLog | None: What was logged; None without any entry.
    """
    log = RunLog()
    parts = [
        (path.parents[1], _entries(path, log))
        for path in sorted(work_dir.glob(_LOGS))
    ]
    trains = any(_is_step(e) for _, entries in parts for e in entries)
    for folder, entries in parts:
        steps = [entry for entry in entries if _is_step(entry)]
        if steps:
            _cut(log, steps[0])
        elif trains:
            _add_owed(log, entries)
            continue
        log.parts += 1
        log.steps += steps
        for entry in entries:
            if 'iter' not in entry:
                _add_accuracies(log, entry)
        _read_head(log, folder)
    return log if log.steps or log.last() else None


def _add_owed(log: RunLog, entries: list[dict[str, Any]]) -> None:
    """Add the validation of the last steps, unless they have theirs."""
    last = log.steps[-1] if log.steps else {'step': 0}
    owed = last.get('epoch', last['step'])
    for entry in entries:
        if entry['step'] == owed and owed not in log.accuracies['overall']:
            _add_accuracies(log, entry)


def _is_step(entry: Mapping[str, Any]) -> bool:
    return 'iter' in entry and 'loss' in entry


def _entries(path: Path, log: RunLog) -> list[dict[str, Any]]:
    found = []
    lines = path.read_text(errors='replace').splitlines()
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except ValueError:
            if number < len(lines):
                log.damaged.append(f'{path}, line {number}')
            continue
        if isinstance(entry, dict) and isinstance(entry.get('step'), int):
            found.append(entry)
    return found


def _cut(log: RunLog, first: Mapping[str, Any]) -> None:
    """Forget what the part that begins with an entry does again."""
    log.steps = [e for e in log.steps if e['step'] < first['step']]
    kept = log.steps[-1] if log.steps else {'step': -1}
    # A validation of an epoch belongs to the iterations before it.
    reached = max(kept.get('epoch', kept['step']), -1)
    for points in (*log.accuracies.values(), log.calibration):
        for step in [step for step in points if step > reached]:
            del points[step]


def _add_accuracies(log: RunLog, entry: Mapping[str, Any]) -> None:
    # Of several metrics that without a prefix of its own counts, or else the
    # first, whose thresholds are those of the run.
    keys = sorted([*entry][::-1], key=lambda key: key.startswith('acc/'))
    found = {key.rpartition('/')[2]: entry[key] for key in keys if '/' in key}
    if isinstance(found.get('ece'), float):
        log.calibration[entry['step']] = found['ece']
    for name, same in _KEYS.items():
        for key in same:
            value = found.get(key)
            if isinstance(value, (int, float)):
                log.accuracies[name][entry['step']] = float(value)
                break


def _read_head(log: RunLog, folder: Path) -> None:
    """Add the wall time, and take the facts of the latest part."""
    times: list[str] = []
    for path in sorted(folder.glob('*.log')):
        lines = path.read_text(errors='replace').splitlines()
        times += [m[1] for m in map(_TIME.match, lines) if m]
        log.environment = _facts(lines) or log.environment
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
        elif inside and (match := _FACT.match(line)):
            facts[match[1]] = match[2].strip()
    return facts


def find_runs(root: Path) -> list[Path]:
    """Find the work directories below a folder, itself included.

    Args:
        root (Path): Folder.

    Returns:
        list[Path]: Folders with a log of a training, sorted.
    """
    return sorted({path.parents[2] for path in root.glob(f'**/{_LOGS}')})


def load_run_config(work_dir: Path) -> tuple[str, Config]:
    """Load the config that the run itself wrote.

    Args:
        work_dir (Path): Work directory of the training.

    Returns:
        tuple[str, Config]: Name of the config file, and the config.

    Raises:
        RunError: If there is none or it cannot be loaded.
    """
    found = sorted(work_dir.glob('*.py'), key=lambda p: p.stat().st_mtime)
    found = found or sorted(work_dir.glob('*/vis_data/config.py'))
    if not found:
        raise RunError(f'{work_dir} holds no config (*.py) of a training')
    try:
        cfg = Config.fromfile(found[-1])
        for key in ('model', 'train_cfg'):
            if not isinstance(cfg[key], dict):
                raise TypeError(f'{key} is no dict')
    except Exception as error:
        # It is Python, and may fail in any way.
        raise RunError(
            f'config {found[-1]} cannot be loaded: '
            f'{type(error).__name__}: {_one_line(error)}'
        ) from error
    return found[-1].name, cfg


def find_checkpoint(
    work_dir: Path, given: Path | None
) -> tuple[Path, dict[str, Any]]:
    """Read a checkpoint: the given one, or the last of the run.

    Args:
        work_dir (Path): Work directory of the training.
        given (Path, optional): Checkpoint to read instead.

    Returns:
        tuple[Path, dict]: The file, and its state dict.

    Raises:
        RunError: If there is none, or it cannot be read.
    """
    path = given
    if path is None:
        found = find_whole_checkpoint(work_dir)
        if found is None:
            raise RunError(f'{work_dir} holds no whole checkpoint')
        path = Path(found)
    try:
        content = load_checkpoint_file(path, map_location='cpu')
    except (FileNotFoundError, ValueError) as error:
        raise RunError(_one_line(error)) from error
    if not isinstance(content, dict) or 'state_dict' not in content:
        raise RunError(f'checkpoint {path} holds no state_dict')
    return path, content['state_dict']


def planned_end(cfg: Config) -> tuple[int | None, str]:
    """Epochs or iterations that a config asks for, and which of the two."""
    train = cfg.train_cfg
    if 'max_epochs' in train:
        return train['max_epochs'], 'epoch'
    return train.get('max_iters'), 'iteration'


def passes_per_epoch(cfg: Config) -> int:
    """Passes over the training data in an epoch (RepeatDataset)."""
    times, node = 1, (cfg.get('train_dataloader') or {}).get('dataset')
    while isinstance(node, dict):
        if 'dataset' in node:
            times *= node.get('times', 1)
        node = node.get('dataset')
    return times


def epochs_reached(folder: Path, log: RunLog, unit: str = 'epoch') -> int:
    """Whole epochs, or iterations, that were trained.

    Args:
        folder (Path): Work directory.
        log (RunLog): Its log.
        unit (str): What to count. Defaults to 'epoch'.

    Returns:
        int: The most that log, validations and checkpoints tell.
    """
    last = log.steps[-1] if log.steps else {'step': 0}
    if unit == 'iteration':
        return last['step']
    # The entry of an epoch does not tell whether it was the epoch's last.
    ends = [last.get('epoch', 1) - 1, (log.last() or (0, {}))[0]]
    return max(ends + [epoch for epoch, _ in _saved(folder)])


def _saved(folder: Path) -> list[tuple[int, Path]]:
    found = [(_SAVED.fullmatch(p.name), p) for p in folder.glob('*.pth')]
    return sorted((int(match[1]), path) for match, path in found if match)


def lacks(
    folder: Path,
    log: RunLog | None,
    end: int,
    *,
    unit: str = 'epoch',
    validates: bool = True,
    checkpoint: bool = True,
) -> str:
    """Judge whether a run is finished: the one rule of all tools.

    Args:
        folder (Path): Work directory.
        log (RunLog, optional): Its log.
        end (int): Epochs, or iterations, that were planned.
        unit (str): Which of the two. Defaults to 'epoch'.
        validates (bool): Whether the last validation has to be logged.
            Defaults to True.
        checkpoint (bool): Whether the last checkpoint has to be there.
            Defaults to True.

    Returns:
        str: What is missing, in a few words; empty for a finished run, whose
        last validation is logged and whose last checkpoint is whole.
    """
    if log is None:
        return 'nothing is logged'
    reached = min(epochs_reached(folder, log, unit), end)
    if reached < end:
        return f'{reached} of {end} {unit}s were trained'
    if validates and end not in log.accuracies['overall']:
        return f'the validation of {unit} {end} is missing'
    if checkpoint:
        found = find_whole_checkpoint(folder)
        if found is None or Path(found).stem not in (
            f'epoch_{end}',
            f'iter_{end}',
        ):
            return f'the checkpoint of {unit} {end} is missing or damaged'
    return ''


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split())
