"""Files that are either as they were or completely rewritten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ['whole_file']


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file in whole or not at all, whatever ends the process.

    Missing folders are made. A link stays a link.

    Args:
        path (str | os.PathLike): File to write.

    Yields:
        Path: Scratch file beside it, with the same ending, to write to. It
        takes the place of the file when the block ends, and is removed when
        the block fails.

    Raises:
        OSError: If the file cannot be written.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f'.{os.getpid()}.part.{target.name}')
    try:
        yield scratch
        os.replace(scratch, target)
    finally:
        scratch.unlink(missing_ok=True)
