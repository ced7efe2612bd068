"""Converting many items in chunks, each of which is done only once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import re
import signal
import sys
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ...serialization import RestrictedUnpickler, write_whole
from .skipped import Skipped, UnusableFile

# Part of every fingerprint: what was made by other rules is made anew.
_VERSION = 2
# A process that is killed while it writes leaves a part behind.
_SHARD = re.compile(r'\.?[0-9a-f]{32}(\.[0-9a-f]{8}\.part)?\.pkl')


class Converter(Protocol):
    """Makes a sample of an item, in any process: it must pickle."""

    def __call__(self, item: Any) -> dict[str, Any]:
        """Convert one item; UnusableFile says why it cannot be."""

    def name(self, item: Any) -> str:
        """What a report calls the item."""

    def fingerprint(self, item: Any) -> str:
        """Text that changes when the result for the item may change."""


class Chunk(NamedTuple):
    """Items that are converted together, and where their result lies."""

    path: Path
    items: Sequence[Any]


def convert_chunk(chunk: Chunk, convert: Converter) -> int:
    """Convert the items of a chunk, and write the result.

    Args:
        chunk (Chunk): What to convert, and where the result goes.
        convert (Converter): Makes a sample of an item.

    Returns:
        int: Items of the chunk.

    Raises:
        OSError: If the disk refuses the result.
    """
    samples: list[dict[str, Any]] = []
    skipped: list[Skipped] = []
    for item in chunk.items:
        name = convert.name(item)
        try:
            samples.append(dict(convert(item), source=name))
        except UnusableFile as error:
            skipped.append(Skipped(name, error.reason, error.detail))
        except MemoryError as error:
            skipped.append(Skipped(name, 'too large', str(error)))
    write_shard(chunk.path, samples, skipped)
    return len(chunk.items)


class DamagedShard(ValueError):
    """A file of results that is not as it was written."""


def write_shard(
    path: str | Path,
    samples: Sequence[dict[str, Any]],
    skipped: Sequence[Skipped],
) -> None:
    """Write the results of a chunk, in whole or not at all.

    Args:
        path (str or Path): Where to.
        samples (Sequence[dict]): Each with ``frame_dir`` and ``source``.
        skipped (Sequence[Skipped]): What was left out.
    """
    # A reader that admits plain data only knows no class of ours.
    plain = [tuple(entry) for entry in skipped]
    content = dict(samples=list(samples), skipped=plain)
    write_whole(path, pickle.dumps(content, protocol=4))


def read_shard(
    path: str | Path, count: int
) -> tuple[list[dict[str, Any]], list[Skipped]]:
    """Read the results of a chunk back.

    Args:
        path (str or Path): What :func:`write_shard` wrote.
        count (int): Items of the chunk.

    Returns:
        tuple[list[dict], list[Skipped]]: Samples, and what was left out.

    Raises:
        DamagedShard: If it cannot be read, or holds anything else than one
            result for each item.
    """
    try:
        with Path(path).open('rb') as handle:
            content = RestrictedUnpickler(handle).load()
        samples = content['samples']
        skipped = [Skipped(*entry) for entry in content['skipped']]
        if not _is_whole(samples, skipped, count):
            raise ValueError(f'no results of {count} items')
    except Exception as error:
        # A damaged pickle can fail in any opcode, with any exception.
        why = ' '.join(f'{type(error).__name__}: {error}'.split())
        raise DamagedShard(f'work file {path} is damaged ({why})') from error
    return samples, skipped


def _is_whole(samples: Any, skipped: list[Skipped], count: int) -> bool:
    """Whether there is one usable result for each item."""
    return (
        isinstance(samples, list)
        and len(samples) + len(skipped) == count
        and all(
            isinstance(sample, dict) and {'frame_dir', 'source'} <= set(sample)
            for sample in samples
        )
        and all(isinstance(text, str) for entry in skipped for text in entry)
    )


class ShardRun:
    """A conversion that goes on where it was interrupted.

    Items are cut into chunks. The result of each is a file whose name tells
    what it was made from, so that a later run of the same conversion finds
    it, and a run of another one does not take it for its own.

    Args:
        items (Sequence): What to convert.
        convert (Converter): Makes a sample of an item.
        folder (str or Path): Where the results lie until they are joined.
        chunk_size (int): Items per chunk. Defaults to 256.

    Attributes:
        discarded (list[str]): What is wrong with each result of an earlier
            run that was thrown away.
    """

    def __init__(
        self,
        items: Sequence[Any],
        convert: Converter,
        folder: str | Path,
        *,
        chunk_size: int = 256,
    ) -> None:
        if chunk_size < 1:
            raise ValueError(
                f'chunk_size should be at least 1, but got {chunk_size}'
            )
        self.convert = convert
        self.folder = Path(folder)
        self.discarded: list[str] = []
        self._whole: set[Path] = set()
        self.chunks = [
            self._chunk(items[start : start + chunk_size])
            for start in range(0, len(items), chunk_size)
        ]

    def _chunk(self, items: Sequence[Any]) -> Chunk:
        digest = hashlib.sha256(f'{_VERSION} {self.convert!r}'.encode())
        for item in items:
            text = f'\n{self.convert.fingerprint(item)}'
            digest.update(text.encode('utf-8', 'surrogateescape'))
        return Chunk(self.folder / f'{digest.hexdigest()[:32]}.pkl', items)

    def finished(self) -> int:
        """Count the items that need not be converted again.

        Results that are damaged are thrown away, see ``discarded``.
        """
        return sum(len(c.items) for c in self.chunks if self._is_done(c))

    def _is_done(self, chunk: Chunk) -> bool:
        """Whether the result of a chunk is there, and whole."""
        if not chunk.path.exists():
            return False
        # Reading them all takes as long as joining them: once is enough.
        if chunk.path not in self._whole:
            try:
                read_shard(chunk.path, len(chunk.items))
            except DamagedShard as error:
                chunk.path.unlink()
                self.discarded.append(str(error))
                return False
            self._whole.add(chunk.path)
        return True

    def run(self, workers: int = 1) -> Generator[int, None, None]:
        """Convert what is not yet converted.

        Args:
            workers (int): Processes; 1 works in this one. Defaults to 1.

        Yields:
            int: Number of items of each chunk that is done.
        """
        todo = [chunk for chunk in self.chunks if not self._is_done(chunk)]
        self.folder.mkdir(parents=True, exist_ok=True)
        if workers <= 1:
            for chunk in todo:
                yield convert_chunk(chunk, self.convert)
            return
        pool = ProcessPoolExecutor(workers, initializer=_deaf)
        try:
            jobs = [pool.submit(convert_chunk, c, self.convert) for c in todo]
            for job in as_completed(jobs):
                yield job.result()
        finally:
            # Left to a with statement, the pool would first finish them all.
            pool.shutdown(cancel_futures=True)

    def samples(self, skipped: list[Skipped]) -> Iterator[dict[str, Any]]:
        """Read the samples back, in the order of the items.

        Args:
            skipped (list[Skipped]): What was left out is appended to it.

        Yields:
            dict: The samples, each with the name of its item under
            ``'source'``.

        Raises:
            DamagedShard: If a result is gone or not as it was written.
        """
        for chunk in self.chunks:
            try:
                samples, left_out = read_shard(chunk.path, len(chunk.items))
            except DamagedShard as error:
                raise DamagedShard(
                    f'{error}; the same command makes it anew'
                ) from error
            skipped.extend(left_out)
            yield from samples

    def clean(self) -> None:
        """Remove the results of this and of earlier runs, nothing else."""
        for path in self.folder.iterdir():
            if _SHARD.fullmatch(path.name):
                path.unlink()
        # A folder that holds more than results is not ours to remove.
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def _deaf() -> None:
    """Leave Ctrl-C to the process that waits for the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


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
