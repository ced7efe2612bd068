"""The annotation file behind a cache: has it changed, and how to rebuild."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TOOL = 'python tools/data/build_cache.py'


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


def rebuild_command(
    source: Any, out: Any, normalisation: Sequence[Mapping[str, Any]] = ()
) -> str:
    """Write the command line that makes a cache, over an old one.

    Args:
        source (str or Path): Annotation file.
        out (str or Path): The cache.
        normalisation (Sequence[Mapping]): ``type`` and ``args`` of the
            transforms that are done once. Defaults to ().

    Returns:
        str: One line for a shell.
    """
    words = [str(source), '--out', str(out), '--overwrite']
    for step in normalisation:
        words += ['--normalize', str(step['type'])]
        for key, value in (step.get('args') or {}).items():
            text = value if isinstance(value, str) else json.dumps(value)
            words.append(f'{key}={text}')
    return ' '.join([TOOL, *map(shlex.quote, words)])
