"""Converting many items in chunks, each of which is done only once."""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import re
import signal
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ...serialization import load_annotations
from .annotation_file import write_whole
from .skipped import Skipped, UnusableFile

# Part of every fingerprint: shards of another layout are made anew.
_VERSION = 1
# A process that is killed while it writes leaves a part behind.
_SHARD = re.compile(r'[0-9a-f]{32}\.pkl(\.\d+\.part)?')


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
        """Count the items that need not be converted again."""
        return sum(len(c.items) for c in self.chunks if c.path.exists())

    def run(self, workers: int = 1) -> Generator[int, None, None]:
        """Convert what is not yet converted.

        Args:
            workers (int): Processes; 1 works in this one. Defaults to 1.

        Yields:
            int: Number of items of each chunk that is done.
        """
        todo = [chunk for chunk in self.chunks if not chunk.path.exists()]
        self.folder.mkdir(parents=True, exist_ok=True)
        if workers <= 1:
            for chunk in todo:
                yield _convert_chunk(chunk, self.convert)
            return
        pool = ProcessPoolExecutor(workers, initializer=_deaf)
        try:
            jobs = [pool.submit(_convert_chunk, c, self.convert) for c in todo]
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
        """
        for chunk in self.chunks:
            content = load_annotations(chunk.path)
            skipped.extend(Skipped(*entry) for entry in content['skipped'])
            yield from content['samples']

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


def _convert_chunk(chunk: Chunk, convert: Converter) -> int:
    samples, skipped = [], []
    for item in chunk.items:
        name = convert.name(item)
        try:
            samples.append(dict(convert(item), source=name))
        except UnusableFile as error:
            skipped.append((name, error.reason, error.detail))
        except MemoryError as error:
            skipped.append((name, 'too large', str(error)))
    content = dict(samples=samples, skipped=skipped)
    write_whole(
        chunk.path, lambda handle: pickle.dump(content, handle, protocol=4)
    )
    return len(chunk.items)
