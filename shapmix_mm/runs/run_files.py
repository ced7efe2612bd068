"""Config, checkpoint and progress of a work directory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from shapmix_mm.serialization import (
    find_whole_checkpoint,
    load_checkpoint_file,
)

from .report_failure import ReportError
from .run_log import RunLog

__all__ = ['Progress', 'find_checkpoint', 'load_run_config', 'progress']

_SAVED = re.compile(r'epoch_(\d+)\.pth')


@dataclass(frozen=True)
class Progress:
    """How far a training came.

    Attributes:
        done (int): Epochs, or iterations, that were trained.
        planned (int): Those that the config asks for.
        unit (str): ``'epoch'`` or ``'iteration'``.
        times (int): Passes over the data in an epoch (RepeatDataset).
    """

    done: int
    planned: int
    unit: str
    times: int

    @property
    def finished(self) -> bool:
        """Whether the training came to its end."""
        return self.done >= self.planned


def load_run_config(work_dir: Path) -> tuple[str, Config]:
    """Load the config that the run itself wrote.

    Args:
        work_dir (Path): Work directory of the training.

    Returns:
        tuple[str, Config]: Name of the config file, and the config.

    Raises:
        ReportError: If there is none or it cannot be loaded.
    """
    found = sorted(work_dir.glob('*.py'), key=lambda p: p.stat().st_mtime)
    if not found:
        found = sorted(work_dir.glob('*/vis_data/config.py'))
    if not found:
        raise ReportError(f'{work_dir} holds no config (*.py) of a training')
    try:
        cfg = Config.fromfile(found[-1])
        for key in ('model', 'train_cfg'):
            if not isinstance(cfg[key], dict):
                raise TypeError(f'{key} is no dict')
    except Exception as error:
        # It is Python, and may fail in any way.
        raise ReportError(
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
        tuple[Path, dict]: The file, and its content without optimizer.

    Raises:
        ReportError: If there is none, or it cannot be read.
    """
    path = given
    if path is None:
        found = find_whole_checkpoint(work_dir)
        if found is None:
            raise ReportError(
                f'{work_dir} holds no whole checkpoint; --checkpoint names '
                'one elsewhere, --no-test makes the page without one'
            )
        path = Path(found)
    try:
        content = load_checkpoint_file(path, map_location='cpu')
    except (FileNotFoundError, ValueError) as error:
        raise ReportError(_one_line(error)) from error
    if not isinstance(content, dict) or 'state_dict' not in content:
        raise ReportError(f'checkpoint {path} holds no state_dict')
    content.pop('optimizer', None)
    return path, content


def progress(work_dir: Path, cfg: Config, log: RunLog) -> Progress:
    """Tell how far the training came.

    Args:
        work_dir (Path): Work directory of the training.
        cfg (Config): Config of the run.
        log (RunLog): Log of the run.

    Returns:
        Progress: Epochs or iterations, done and planned.
    """
    last = log.steps[-1]
    if 'max_epochs' not in cfg.train_cfg:
        planned = cfg.train_cfg.get('max_iters', last['step'])
        return Progress(last['step'], planned, 'iteration', 1)
    # The entry of an epoch does not tell whether it was the epoch's last.
    saved = [_SAVED.fullmatch(p.name) for p in work_dir.glob('*.pth')]
    done = max(
        [
            last.get('epoch', 1) - 1,
            (log.last() or (0, {}))[0],
            *[int(match[1]) for match in saved if match],
        ]
    )
    return Progress(
        min(done, cfg.train_cfg.max_epochs),
        cfg.train_cfg.max_epochs,
        'epoch',
        _repeats(cfg.get('train_dataloader', {}).get('dataset')),
    )


def _repeats(dataset: Any) -> int:
    times = 1
    while isinstance(dataset, dict):
        if dataset.get('type') == 'RepeatDataset':
            times *= dataset.get('times', 1)
        dataset = dataset.get('dataset')
    return times


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split())
