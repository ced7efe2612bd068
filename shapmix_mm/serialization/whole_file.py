"""Files that are either as they were or completely rewritten."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ['DiskFull', 'check_writable', 'whole_file', 'write_whole']

# No room, none left of a quota, or a file larger than the system allows.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DiskFull(OSError):
    """A disk has no room for a file; the text says what to do."""

    def __str__(self) -> str:
        """The text alone, without the number of the error."""
        return str(self.args[-1])


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file beside its target, then move it there in one step.

    If the body fails, the target stays as it was and nothing is left beside
    it; what a killed process left there is removed by the next writer. A
    target that is a link stays one.

    Args:
        path (str | os.PathLike): Target; missing folders are made.

    Yields:
        Path: What to write instead. It ends as the target does, for writers
        that take the format from the name.

    Raises:
        DiskFull: If there is no room; names the target and the free space.
        OSError: If the disk refuses it for another reason.

    Example:
        >>> with whole_file('/tmp/whole_file.txt') as part:
        ...     _ = part.write_text('all of it')
        >>> Path('/tmp/whole_file.txt').read_text()
        'all of it'
    """
    target = Path(os.path.realpath(path))
    head, tail = f'.{target.stem}.', f'.part{target.suffix}'
    # Processes of two machines that share a folder may share a number.
    part = target.with_name(f'{head}{secrets.token_hex(4)}{tail}')
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent, head, tail)
        with open(part, 'wb') as lock:
            # A file system without locks leaves the sweeping to people.
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield part
            # Else a power cut after the move may leave an empty file.
            _sync(part)
            os.replace(part, target)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno not in _FULL or isinstance(error, DiskFull):
            raise
        raise _disk_full(error, target) from error
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Write bytes or UTF-8 text to a file, in whole or not at all.

    Args:
        path (str | os.PathLike): Target; missing folders are made.
        content (bytes | str): What it shall hold; line ends stay as given.

    Returns:
        Path: The target.

    Raises:
        OSError: As of :func:`whole_file`.
    """
    with whole_file(path) as part:
        part.write_bytes(
            content.encode() if isinstance(content, str) else content
        )
    return Path(path)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a path that could not be written after hours of work.

    Args:
        path (str | os.PathLike): File to write; missing folders are made.

    Raises:
        ValueError: If it is a folder, or its folder takes no file.
    """
    target = Path(path)
    if target.is_dir():
        raise ValueError(f'{target} is a folder, expected a file to write')
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Permissions do not tell: some file systems refuse even root.
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise ValueError(
            f'{target} cannot be written, {target.parent} takes no file: '
            f'{error.strerror}'
        ) from error


def _sync(path: Path) -> None:
    with open(path, 'rb') as file:
        os.fsync(file.fileno())


def _sweep(folder: Path, head: str, tail: str) -> None:
    """Remove what killed processes left; nobody holds its lock any more."""
    ours = re.compile(f'{re.escape(head)}[0-9a-f]{{8}}{re.escape(tail)}')
    for left in [p for p in folder.iterdir() if ours.fullmatch(p.name)]:
        with suppress(OSError), open(left, 'rb') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def _disk_full(error: OSError, target: Path) -> DiskFull:
    free = shutil.disk_usage(target.parent).free / 1e9
    return DiskFull(
        error.errno,
        f'no room left for {target} ({error.strerror}, {free:.2f} GB free '
        'there); nothing half-written is left. Free some space or choose a '
        'folder on another disk, then start the same command again, a '
        'training with --resume, or it begins anew',
    )
