"""A folder that appears whole or not at all."""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOCK = '.lock'


@contextmanager
def part_folder(target: Path) -> Iterator[Path]:
    """Make a folder beside its place, and move it there in the end.

    What is in the place until then stays readable: who has files of it open
    keeps them. If the body fails, nothing is left behind. What a killed
    process left is removed by the next one; the lock tells that no process
    works on it any more.

    Args:
        target (Path): Where the folder shall be.

    Yields:
        Path: Empty folder to fill.

    Raises:
        OSError: If the folder cannot be made or moved.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    part = Path(
        tempfile.mkdtemp(
            prefix=f'.{target.name}.', suffix='.part', dir=target.parent
        )
    )
    try:
        with open(part / _LOCK, 'xb') as lock:
            # A file system without locks leaves the sweeping to people.
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield part
            os.unlink(part / _LOCK)
            # mkdtemp keeps others out, who may share the finished folder.
            part.chmod(0o777 & ~_umask())
            _settle(part)
            _move(part, target)
            _settle(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _settle(folder: Path) -> None:
    """Bring the names in a folder to the disk, where its system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _move(part: Path, target: Path) -> None:
    """Put the folder into its place, where an old one may be."""
    if not target.exists():
        os.rename(part, target)
        return
    old = part.with_suffix('.old')
    os.rename(target, old)
    try:
        os.rename(part, target)
    except OSError:
        os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sweep(target: Path) -> None:
    """Remove what killed processes have left beside a folder."""
    beside = f'.{glob.escape(target.name)}.*'
    for old in target.parent.glob(f'{beside}.old'):
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.rename(old, target)
    for left in target.parent.glob(f'{beside}.part'):
        with suppress(OSError), open(left / _LOCK, 'rb') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
