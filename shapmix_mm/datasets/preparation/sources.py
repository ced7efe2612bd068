"""Raw files of folders and zip archives, listed once and read by anyone."""

from __future__ import annotations

import functools
import os
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

from .skipped import UnusableFile

# A hostile archive may unpack a few bytes into more than the memory holds.
MAX_BYTES = 64 * 2**20


class SourceFile(NamedTuple):
    """One raw file, as any process can find it again.

    Args:
        source (str): The folder or archive.
        name (str): Path within it, with slashes.
        size (int): Bytes.
        stamp (int): Changes with the content: time of the last change, or
            checksum in an archive.
        place (int): Where it begins in an archive, which may hold a name
            twice. Defaults to 0.
    """

    source: str
    name: str
    size: int
    stamp: int
    place: int = 0


def list_source(source: str | Path) -> list[SourceFile]:
    """List all files of a folder or a zip archive, nested folders too.

    Args:
        source (str or Path): The folder or archive.

    Returns:
        list[SourceFile]: Its files, ordered by path; of two of one name in
        an archive the later comes first, for it is the one that other tools
        unpack.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If a file is no zip archive, or a damaged one.
    """
    path = Path(source)
    if path.is_dir():
        return sorted(_list_folder(path))
    if not path.exists():
        raise FileNotFoundError(
            f'{path}: no such file or folder; expected a folder or a .zip'
        )
    try:
        with zipfile.ZipFile(path) as archive:
            files = [
                _listed(str(path), info)
                for info in archive.infolist()
                if not info.is_dir()
            ]
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(
            f'{path} is neither a folder nor a whole zip archive: {error}'
        ) from error
    return sorted(files, key=lambda file: (file.name, -file.place))


def read_source_file(file: SourceFile) -> bytes:
    """Read one file; nothing is unpacked to disk.

    Args:
        file (SourceFile): What :func:`list_source` gave.

    Returns:
        bytes: Its content.

    Raises:
        UnusableFile: If it cannot be read or is larger than 64 MiB.
    """
    if file.size > MAX_BYTES:
        raise UnusableFile('too large', f'{file.size} bytes')
    try:
        if os.path.isdir(file.source):
            with open(os.path.join(file.source, file.name), 'rb') as handle:
                return handle.read()
        archive = _archive(file.source, os.getpid())
        with archive.open(_member(archive, file)) as member:
            # What an archive says of the size need not be true.
            return member.read(MAX_BYTES)
    # RuntimeError is how zipfile says that a password is needed.
    except (
        OSError,
        EOFError,
        KeyError,
        RuntimeError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise UnusableFile('unreadable', str(error)) from error


@functools.lru_cache(maxsize=8)
def _archive(path: str, process: int) -> zipfile.ZipFile:
    """Keep an archive open; processes must not share its file position."""
    return zipfile.ZipFile(path)


def _listed(source: str, info: zipfile.ZipInfo) -> SourceFile:
    return SourceFile(
        source, info.filename, info.file_size, info.CRC, info.header_offset
    )


def _member(archive: zipfile.ZipFile, file: SourceFile) -> zipfile.ZipInfo:
    """Find a member by its place, for its name leads to the last of many."""
    named = archive.getinfo(file.name)
    if named.header_offset == file.place:
        return named
    for info in archive.infolist():
        if info.header_offset == file.place and info.filename == file.name:
            return info
    raise KeyError(f'the archive has changed since {file.name} was listed')


def _list_folder(folder: Path) -> list[SourceFile]:
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            try:
                status = path.stat()
            except OSError:
                # A dangling link; reading it says why it is left out.
                size = stamp = 0
            else:
                size, stamp = status.st_size, status.st_mtime_ns
            inside = path.relative_to(folder).as_posix()
            found.append(SourceFile(str(folder), inside, size, stamp))
    return found
