"""Log of a run that takes no training step."""

from __future__ import annotations

import json
from pathlib import Path

from shapmix_mm.runs.run_log import RunLog

__all__ = ['read_validations']

_HEAD = 'acc/'
# Stock metrics of the same numbers, where there is none of ours.
_STOCK = dict(top1='overall', mean1='mean_class')
_NAMES = ('overall', 'many', 'medium', 'few', 'mean_class')


def read_validations(folder: Path) -> RunLog | None:
    """Read the validations of a run, where nothing else is logged.

    Args:
        folder (Path): Work directory.

    Returns:
        RunLog | None: A log without steps; None without any validation.
    """
    log = RunLog(accuracies={name: {} for name in _NAMES})
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        for line in path.read_text(errors='replace').splitlines():
            _add(log, line)
    return log if log.accuracies['overall'] else None


def _add(log: RunLog, line: str) -> None:
    try:
        entry = json.loads(line)
    except ValueError:
        # A killed run leaves half a line.
        return
    for stock, name in _STOCK.items():
        entry.setdefault(_HEAD + name, entry.get(_HEAD + stock))
    for name, points in log.accuracies.items():
        value = entry.get(_HEAD + name)
        if isinstance(value, (int, float)):
            points[entry['step']] = float(value)
