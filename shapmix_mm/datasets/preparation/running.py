"""From a run in shards to one annotation file and a report."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from .annotation_file import stream_annotations
from .shards import ShardRun
from .skipped import Skipped, write_skipped


def default_workers() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_with_progress(
    run: ShardRun, *, workers: int, quiet: bool = False
) -> None:
    """Convert all items of a run, with a bar on the error stream.

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
        task = bar.add_task('files', total=total, completed=run.finished())
        for done in steps:
            bar.advance(task, done)


def write_samples(
    run: ShardRun,
    path: str | Path,
    split: Callable[[list[str]], dict[str, list[str]]],
    skipped: list[Skipped],
) -> dict[str, list[str]]:
    """Join the results of a run into one annotation file.

    Args:
        run (ShardRun): A run whose items are all converted.
        path (str or Path): Annotation file.
        split (callable): Sorts the names of all samples into splits.
        skipped (list[Skipped]): What the run left out is appended to it, as
            is each further sample of a name.

    Returns:
        dict[str, list[str]]: The splits.

    Raises:
        ValueError: If there is no sample; the file is left as it was.
    """
    sources: dict[str, str] = {}
    made: dict[str, list[str]] = {}

    def finished() -> dict[str, list[str]]:
        if not sources:
            raise ValueError(f'nothing usable, {path} is not written')
        made.update(split(list(sources)))
        return made

    stream_annotations(path, _first_of_name(run, sources, skipped), finished)
    return made


def _first_of_name(
    run: ShardRun, sources: dict[str, str], skipped: list[Skipped]
) -> Iterator[dict[str, Any]]:
    """Pass the first sample of each name, and note where it came from."""
    for sample in run.samples(skipped):
        name, source = sample['frame_dir'], sample.pop('source')
        if name in sources:
            detail = f'of {sources[name]}'
            skipped.append(Skipped(source, 'duplicate', detail))
            continue
        sources[name] = source
        yield sample


def report_path(path: str | Path) -> Path:
    """Where the report of an annotation file goes, beside it."""
    return Path(f'{path}.skipped.csv')


def write_report(skipped: list[Skipped], path: str | Path) -> Path:
    """Write the report of an annotation file, ordered by file.

    Args:
        skipped (list[Skipped]): What was left out.
        path (str or Path): The annotation file.

    Returns:
        Path: The report.
    """
    target = report_path(path)
    write_skipped(sorted(skipped), target)
    return target
