"""Lists of sample names: reading, matching and digest."""

from __future__ import annotations

import gzip
import hashlib
import lzma
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Callable

from .ntu_protocols import NTU_NAME

_OPENERS: dict[str, Callable] = {'.xz': lzma.open, '.gz': gzip.open}


def read_name_list(path: str | Path) -> list[str]:
    """Read a list of samples, one per line, plain or as .xz or .gz.

    Empty lines and lines that begin with # are left out.

    Args:
        path (str | Path): The list file.

    Returns:
        list[str]: The lines as they stand, without surrounding blanks.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no text or has no names.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'list of sample names {path} does not exist')
    opener = _OPENERS.get(path.suffix, open)
    try:
        with opener(path, 'rt', encoding='utf-8') as stream:
            lines = [line.strip() for line in stream]
    except (UnicodeDecodeError, OSError, EOFError, lzma.LZMAError) as error:
        raise ValueError(
            f'list of sample names {path} cannot be read as text: {error}'
        ) from error
    lines = [line for line in lines if line and not line.startswith('#')]
    if not lines:
        raise ValueError(f'list of sample names {path} has no names')
    return lines


def plain_name(line: str) -> str:
    """Strip what some published lists write around a sample name.

    Args:
        line (str): A line such as ``raw/S001C001P001R001A001.skeleton``.

    Returns:
        str: The NTU RGB+D name in it, or else the line without
        ``.skeleton``.

    Examples:
        >>> plain_name('raw/S001C001P001R001A001.skeleton')
        'S001C001P001R001A001'
        >>> plain_name('a01_s01_e00_v01')
        'a01_s01_e00_v01'
    """
    match = NTU_NAME.search(line)
    return match.group() if match else line.removesuffix('.skeleton')


def match_names(
    lines: Iterable[str], known: Collection[str]
) -> tuple[list[str], list[str]]:
    """Find the samples that the lines of a list mean.

    A line may hold the name alone, with a suffix, a folder before it, or a
    label after it (separated by a blank or a comma).

    Args:
        lines (Iterable[str]): Lines of a list file.
        known (Collection[str]): Names of the samples there are.

    Returns:
        tuple[list[str], list[str]]: The names found, each once and in the
        order of the list, and the lines that match none.
    """
    found: dict[str, None] = {}
    unknown = []
    for line in lines:
        for candidate in _readings(line):
            if candidate in known:
                found[candidate] = None
                break
        else:
            unknown.append(line)
    return list(found), unknown


def names_digest(names: Sequence[str]) -> str:
    """Fingerprint of a set of names, whatever their order.

    Args:
        names (Sequence[str]): Sample names.

    Returns:
        str: SHA-256, in hexadecimal, of the sorted names, one per line.
    """
    text = ''.join(f'{name}\n' for name in sorted(names))
    return hashlib.sha256(text.encode()).hexdigest()


def _readings(line: str) -> list[str]:
    """List what a line may mean, the likeliest first."""
    first = line.replace(',', ' ').split()[0] if line.strip(', ') else line
    base = first.rsplit('/', 1)[-1]
    return [line, plain_name(line), plain_name(first), plain_name(base)]
