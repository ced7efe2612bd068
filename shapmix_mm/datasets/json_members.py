"""The files of a folder or an archive, read in place one by one."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sized
from pathlib import Path
from typing import IO, NamedTuple

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
