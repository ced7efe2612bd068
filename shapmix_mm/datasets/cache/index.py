"""The index of a cache: what it was made from, how, and what it holds."""

from __future__ import annotations

import json
import os.path as osp
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from .commands import rebuild_command

VERSION = 1
KIND = 'shapmix_mm pose cache'
FILE_NAME = 'index.json'


@dataclass(frozen=True)
class CacheIndex:
    """What ``index.json`` says.

    Args:
        source (dict): ``path``, ``size`` in bytes, ``mtime_ns`` and
            ``sha256`` of the annotation file.
        normalisation (list[dict]): ``type`` and ``args`` of the transforms
            that the samples have been through, in their order.
        samples (int): Number of samples n.
        columns (list[dict]): For each key of a sample its ``key``, ``kind``
            and files.
        splits (dict[str, str]): File with the rows of each split.
        finite (str): File that tells which samples were finite before the
            normalisation.
        files (dict[str, dict]): ``bytes`` and ``sha256`` of every file.
        classes (list[str] | None): Class names, when the source has them.
        salient_parts (dict | None): Parts known to tell each class of a
            synthetic set, when the source has them.
        kind (str): Says whose index this is.
        version (int): Version of the format.
    """

    source: dict[str, Any]
    normalisation: list[dict]
    samples: int
    columns: list[dict]
    splits: dict[str, str]
    finite: str
    files: dict[str, dict]
    classes: list[str] | None = None
    salient_parts: dict | None = None
    kind: str = KIND
    version: int = VERSION

    def text(self) -> str:
        """Content of the index file.

        Returns:
            str: JSON.
        """
        return json.dumps(asdict(self), indent=1) + '\n'


def is_cache(path: Any) -> bool:
    """Whether an ``ann_file`` names a folder, so that it must be a cache.

    Args:
        path (Any): Value of ``ann_file``.

    Returns:
        bool: True for the path of a folder that exists.
    """
    return isinstance(path, (str, Path)) and osp.isdir(osp.expanduser(path))


def read_index(folder: str | Path) -> CacheIndex:
    """Read the index of a cache, and refuse one that cannot be used.

    Args:
        folder (str or Path): The cache.

    Returns:
        CacheIndex: Its index.

    Raises:
        ValueError: If the folder is no cache, is damaged or is of another
            version; with the command that rebuilds it.
    """
    path = Path(folder).expanduser() / FILE_NAME
    if path.parent.is_file():
        raise ValueError(f'{folder} is no cache: it is a file, not a folder')
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise ValueError(
            f'{folder} is no cache: it has no {FILE_NAME}; '
            f'make one with {rebuild_command("ANN_FILE", folder)}'
        ) from None
    except (ValueError, UnicodeDecodeError) as error:
        raise ValueError(
            f'cache {folder}: {FILE_NAME} is damaged ({error}); rebuild it '
            f'with {rebuild_command("ANN_FILE", folder)}'
        ) from error
    if not isinstance(content, dict) or content.get('kind') != KIND:
        raise ValueError(
            f'{path} is no index of a cache; make one with '
            f'{rebuild_command("ANN_FILE", folder)}'
        )
    if content.get('version') != VERSION:
        raise ValueError(
            f'cache {folder} has format version {content.get("version")}, '
            f'but this package reads version {VERSION}; rebuild it with '
            f'{rebuild_command(**_recipe(content), out=folder)}'
        )
    names = {field.name for field in fields(CacheIndex)}
    if content.keys() != names:
        raise ValueError(
            f'cache {folder}: {FILE_NAME} is damaged (keys '
            f'{sorted(names ^ content.keys())}); rebuild it with '
            f'{rebuild_command(**_recipe(content), out=folder)}'
        )
    return CacheIndex(**content)


def _recipe(content: dict) -> dict[str, Any]:
    """Source and normalisation, as far as another version tells them."""
    source = content.get('source')
    path = source.get('path') if isinstance(source, dict) else None
    done = content.get('normalisation')
    done = done if isinstance(done, list) else []
    known = [d for d in done if isinstance(d, dict) and {'type'} <= d.keys()]
    return dict(source=path or 'ANN_FILE', normalisation=known)
