"""Converting many items in chunks, each of which is done only once."""

from __future__ import annotations

import contextlib
import hashlib
import re
import signal
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from .chunks import Chunk, Converter, convert_chunk
from .shard_file import DamagedShard, read_shard
from .skipped import Skipped

# Part of every fingerprint: what was made by other rules is made anew.
_VERSION = 2
# A process that is killed while it writes leaves a part behind.
_SHARD = re.compile(r'\.?[0-9a-f]{32}(\.[0-9a-f]{8}\.part)?\.pkl')


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
