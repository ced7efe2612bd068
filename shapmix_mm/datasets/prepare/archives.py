"""Raw files of folders and archives, read in place."""

from __future__ import annotations

import functools
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sized
from pathlib import Path
from typing import IO, NamedTuple

from .skipped import UnusableFile

# A hostile archive may unpack a few bytes into more than the memory holds.
MAX_BYTES = 64 * 2**20
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    OSError,
)


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


class Member(NamedTuple):
    """One file of a folder or an archive.

    Args:
        name (str): Path within the folder or archive, as found there.
        content (bytes | None): What it holds; None if it cannot be read.
        problem (str): Why it cannot be read, or ''.
    """

    name: str
    content: bytes | None
    problem: str = ''


class MemberReader(Sized):
    """Read all files of a folder, or of a tar or zip archive.

    Nothing is unpacked to disk and no name is used as a path, so that hostile
    archives do no harm: links and devices are passed over, oversized files
    come without content.

    Args:
        source (str or Path): The folder or archive.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If a file is no archive, or a damaged one.
    """

    def __init__(self, source: str | Path) -> None:
        self.source = Path(source)
        if not self.source.exists():
            raise FileNotFoundError(
                f'{self.source}: no such file or folder; '
                'expected a folder or an archive (.zip, '
                '.tar.xz, .tar.gz) of JSON files'
            )
        self._files: list[Path] = []
        self._tar: tarfile.TarFile | None = None
        self._zip: zipfile.ZipFile | None = None
        if self.source.is_dir():
            self._files = sorted(
                path for path in self.source.rglob('*') if path.is_file()
            )
        else:
            self._open_archive()

    def _open_archive(self) -> None:
        try:
            if zipfile.is_zipfile(self.source):
                self._zip = zipfile.ZipFile(self.source)
            else:
                self._tar = tarfile.open(self.source)
                self._tar.getmembers()
        except _DAMAGED as err:
            # tarfile adds a line for each compression that it tried.
            cause = str(err).partition('\n')[0].rstrip(':')
            raise ValueError(
                f'{self.source} is no whole archive (.zip, .tar.xz, '
                f'.tar.gz): {cause}'
            ) from err

    def __len__(self) -> int:
        """Count the files."""
        if self._zip:
            return sum(not info.is_dir() for info in self._zip.infolist())
        if self._tar:
            return sum(info.isfile() for info in self._tar.getmembers())
        return len(self._files)

    def __iter__(self) -> Iterator[Member]:
        """Yield the files in the order of the archive, or of their names."""
        if self._zip:
            for info in self._zip.infolist():
                if not info.is_dir():
                    yield self._read_zip(info)
        elif self._tar:
            for entry in self._tar.getmembers():
                if entry.isfile():
                    yield self._read_tar(entry)
        else:
            for path in self._files:
                yield self._read_file(path)

    def close(self) -> None:
        """Close the archive."""
        for archive in (self._zip, self._tar):
            if archive:
                archive.close()

    def _read_zip(self, info: zipfile.ZipInfo) -> Member:
        assert self._zip is not None
        try:
            with self._zip.open(info) as handle:
                return _read(info.filename, handle)
        # RuntimeError is how zipfile says that a password is needed.
        except (*_DAMAGED, RuntimeError, NotImplementedError) as err:
            return Member(info.filename, None, f'unreadable member: {err}')

    def _read_tar(self, info: tarfile.TarInfo) -> Member:
        assert self._tar is not None
        try:
            handle = self._tar.extractfile(info)
            assert handle is not None
            return _read(info.name, handle)
        except _DAMAGED as err:
            return Member(info.name, None, f'unreadable member: {err}')

    def _read_file(self, path: Path) -> Member:
        name = path.relative_to(self.source).as_posix()
        try:
            with path.open('rb') as handle:
                return _read(name, handle)
        except OSError as err:
            return Member(name, None, f'unreadable file: {err}')


def _read(name: str, handle: IO[bytes]) -> Member:
    content = handle.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        return Member(name, None, f'larger than {MAX_BYTES // 2**20} MiB')
    return Member(name, content)
