"""Working through a run in shards, and showing how far it is."""

from __future__ import annotations

import contextlib
import os
import sys

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from .shards import ShardRun


def default_workers() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_with_progress(
    run: ShardRun, *, workers: int, quiet: bool = False
) -> None:
    """Convert all items of a run, with a bar on the error stream.

    Results of an earlier run that were thrown away are told there as well.

    Args:
        run (ShardRun): The run; what it has done before is not done again.
        workers (int): Processes.
        quiet (bool): Whether to show no bar. Defaults to False.

    Raises:
        ValueError: If ``workers`` is less than 1.
    """
    if workers < 1:
        raise ValueError(f'workers should be at least 1, but got {workers}')
    total = sum(len(chunk.items) for chunk in run.chunks)
    completed = run.finished()
    # Before the bar, which swallows lines when it is told to be quiet.
    for damage in run.discarded:
        print(f'{damage}; thrown away, made again', file=sys.stderr)
    bar = Progress(
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, quiet=quiet),
    )
    # Closed at once, so that an interrupt anywhere stops the processes.
    with bar, contextlib.closing(run.run(workers)) as steps:
        task = bar.add_task('files', total=total, completed=completed)
        for done in steps:
            bar.advance(task, done)
