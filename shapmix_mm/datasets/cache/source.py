"""The annotation file behind a cache: fingerprint, and whether it changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from .commands import rebuild_command
from .index import CacheIndex


def fingerprint(path: str | Path) -> dict[str, Any]:
    """Describe an annotation file so that a change of it is seen.

    Args:
        path (str or Path): The file.

    Returns:
        dict: Absolute ``path``, ``size`` in bytes, ``mtime_ns``, ``sha256``.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    path = Path(path).expanduser().resolve()
    if not path.is_file():
        raise FileNotFoundError(f'annotation file {path} does not exist')
    status = path.stat()
    return dict(
        path=str(path),
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        sha256=digest(path),
    )


def digest(path: str | Path) -> str:
    """Fingerprint of the content of a file.

    Args:
        path (str or Path): The file.

    Returns:
        str: SHA-256, in hexadecimal.
    """
    found = hashlib.sha256()
    with open(path, 'rb') as stream:
        for block in iter(lambda: stream.read(1 << 22), b''):
            found.update(block)
    return found.hexdigest()


def unchanged(source: dict[str, Any], path: str | Path) -> bool:
    """Whether a file is still the one that a cache was made from.

    Size and time of the last change settle it. Only a file of the same size
    and another time, such as a copy, is read and compared by its digest.

    Args:
        source (dict): What :func:`fingerprint` gave.
        path (str or Path): The file as it is now.

    Returns:
        bool: True if the content is the same.
    """
    status = os.stat(path)
    if status.st_size != source['size']:
        return False
    if status.st_mtime_ns == source['mtime_ns']:
        return True
    return digest(path) == source['sha256']


def check_source(index: CacheIndex, folder: str | Path) -> None:
    """Refuse a cache whose annotation file has changed since.

    A cache whose annotation file is not on this machine stands by itself.

    Args:
        index (CacheIndex): Its index.
        folder (str or Path): Where it lies.

    Raises:
        ValueError: If the file has other content now, with the command that
            rebuilds the cache.
    """
    path = index.source['path']
    try:
        same = unchanged(index.source, path)
    except OSError:
        return
    if not same:
        command = rebuild_command(path, folder, index.normalisation)
        raise ValueError(
            f'cache {folder} was made from another {path} than is there now; '
            f'rebuild it with {command}'
        )
