"""Samples on disk, read one by one from pages that all processes share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .columns import ArrayColumn, ValueColumn, read_rest
from .commands import rebuild_command
from .index import CacheIndex, read_index
from .npy_stream import values_digest
from .source import check_source


class CacheStore:
    """The open files of a cache.

    Every array is a read-only memory map: nothing is read before it is
    needed, and processes on one machine share what has been read. Copies
    and pickles of a store hold its path alone and open the files again.

    Args:
        folder (str or Path): The cache.

    Raises:
        ValueError: If it is no cache, damaged, of another version, or its
            annotation file has changed.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = str(folder)
        self._root = Path(folder).expanduser()
        self.index: CacheIndex = read_index(folder)
        check_source(self.index, folder)
        for file in self.index.files:
            self._check_size(file)
        self._columns: dict[str, ArrayColumn | ValueColumn] = {}
        self._rest: ArrayColumn | None = None
        self._rest_keys: frozenset[str] = frozenset()
        for entry in self.index.columns:
            self._add_column(entry)
        self.finite = self.load(self.index.finite)

    def __len__(self) -> int:
        return self.index.samples

    def __deepcopy__(self, memo: dict) -> CacheStore:
        return self

    def __reduce__(self) -> tuple:
        return _reopen, (self.folder, self.index)

    def load(self, file: str) -> np.ndarray:
        """Map one array of the cache.

        Args:
            file (str): Its file.

        Returns:
            np.ndarray: Read-only values on disk.

        Raises:
            ValueError: If the file is missing or not as it was written.
        """
        self._check_size(file)
        try:
            values = np.load(
                self._root / file, mmap_mode='r', allow_pickle=False
            )
        except (OSError, ValueError) as error:
            raise self._damaged(file, error) from error
        # A memmap's own bookkeeping would cost as much as a read.
        return values.view(np.ndarray)

    def split(self, name: str) -> np.ndarray:
        """Rows of a split.

        Args:
            name (str): The split.

        Returns:
            np.ndarray: Its samples, int64, ascending.

        Raises:
            KeyError: If there is no such split.
        """
        if name not in self.index.splits:
            raise KeyError(
                f'{self.folder} has no split {name!r}; it has '
                f'{sorted(self.index.splits)}'
            )
        return self.load(self.index.splits[name])

    def record(self, row: int) -> dict[str, Any]:
        """Read a sample.

        Args:
            row (int): Its number in the annotation file.

        Returns:
            dict: Its annotation; arrays are copies.
        """
        sample = {
            key: column[row]
            for key, column in self._columns.items()
            if row in column
        }
        if self._rest is not None:
            sample.update(read_rest(self._rest, row))
        return sample

    def has(self, key: str) -> bool:
        """Whether any sample has a key.

        Args:
            key (str): The key.

        Returns:
            bool: True if one does.
        """
        return key in self._columns or key in self._rest_keys

    def column(self, key: str) -> ArrayColumn | ValueColumn | None:
        """Look up the column of a key.

        Args:
            key (str): A key of the samples.

        Returns:
            ArrayColumn | ValueColumn | None: None if no column has it.
        """
        return self._columns.get(key)

    def values(self, key: str, rows: Sequence[int] | np.ndarray) -> list[Any]:
        """Read one key of many samples.

        Args:
            key (str): The key.
            rows (Sequence[int]): Which samples.

        Returns:
            list: Its values; None where a sample lacks it.
        """
        column = self._columns.get(key)
        if isinstance(column, ValueColumn) and column.kind in ('text', 'int'):
            return list(column.values[rows].tolist())
        return [self._value(key, int(row)) for row in rows]

    def damaged_files(self) -> list[str]:
        """Compare all files with the checksums of the index.

        Returns:
            list[str]: Those that differ.
        """
        return [
            file
            for file, known in self.index.files.items()
            if values_digest(self.load(file)) != known['sha256']
        ]

    def rebuild_command(self) -> str:
        """Write the command that makes this cache again.

        Returns:
            str: One line for a shell.
        """
        index = self.index
        return rebuild_command(
            index.source['path'], self.folder, index.normalisation
        )

    def _check_size(self, file: str) -> None:
        try:
            size = (self._root / file).stat().st_size
            if size != self.index.files[file]['bytes']:
                raise ValueError('it has another size')
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._damaged(file, error) from error

    def _damaged(self, file: str, error: Exception) -> ValueError:
        return ValueError(
            f'cache {self.folder}: {file} is missing or damaged ({error}); '
            f'rebuild it with {self.rebuild_command()}'
        )

    def _value(self, key: str, row: int) -> Any:
        column = self._columns.get(key)
        if column is not None and row in column:
            return column[row]
        if self._rest is None or key not in self._rest_keys:
            return None
        return read_rest(self._rest, row).get(key)

    def _add_column(self, entry: dict) -> None:
        values = self.load(entry['file'])
        if entry['kind'] not in ('array', 'rest'):
            self._columns[entry['key']] = ValueColumn(entry['kind'], values)
            return
        data = {k: self.load(file) for k, file in entry['data'].items()}
        column = ArrayColumn(values, entry['forms'], data)
        if entry['kind'] == 'rest':
            self._rest, self._rest_keys = column, frozenset(entry['keys'])
        else:
            self._columns[entry['key']] = column


def _reopen(folder: str, index: CacheIndex) -> CacheStore:
    """Open a store in another process, if it is still the same."""
    store = CacheStore(folder)
    if store.index != index:
        raise ValueError(f'cache {folder} was replaced while it was in use')
    return store
