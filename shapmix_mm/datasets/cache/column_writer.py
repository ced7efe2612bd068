"""Samples turned into columns on disk."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .columns import NUMBERS
from .npy_stream import NpyStream, write_npy


class ColumnWriter:
    """Write samples one after the other, then their index.

    Args:
        folder (Path): Where to; it must be empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = 0
        self.files: dict[str, dict] = {}
        self._arrays: dict[str, _ArrayWriter] = {}
        self._values: dict[str, dict[int, Any]] = {}
        self._keys: dict[str, str] = {}

    def add(self, sample: Mapping[str, Any]) -> None:
        """Write one sample.

        Args:
            sample (Mapping): Keys and values.
        """
        for key, value in sample.items():
            if key not in self._keys:
                self._keys[key] = _file_stem(key, len(self._keys))
            plain = type(value) is np.ndarray and value.dtype.kind in 'biufc'
            if plain and _names_column(key):
                self._array(key, self._keys[key]).add(self.rows, value)
            else:
                self._values.setdefault(key, {})[self.rows] = value
        self.rows += 1

    def array(self, name: str, values: np.ndarray) -> str:
        """Write an array of its own.

        Args:
            name (str): Stem of its file.
            values (np.ndarray): Its content.

        Returns:
            str: Name of the file.
        """
        file = f'{name}.npy'
        self.files[file] = write_npy(self.folder / file, values)
        return file

    def finish(self) -> list[dict]:
        """Write what is left.

        Returns:
            list[dict]: Description of the columns, in the order in which
            the keys came.
        """
        columns: dict[str, dict[str, Any]] = {}
        rest: dict[str, dict[int, Any]] = {}
        for key, values in self._values.items():
            mixed = key in self._arrays or not _names_column(key)
            found = None if mixed else self._pack(values)
            if found is None:
                rest[key] = values
                continue
            kind, packed = found
            file = self.array(self._keys[key], packed)
            columns[key] = dict(key=key, kind=kind, file=file)
        if rest:
            self._add_rest(rest)
        for name, writer in self._arrays.items():
            place, forms, data = writer.finish(self.rows)
            self.files.update(data)
            columns[name] = dict(
                key=name,
                kind='array',
                file=self.array(f'{writer.stem}.place', place),
                forms=forms,
                data={dtype: writer.file(dtype) for dtype in writer.streams},
            )
        if rest:
            named = [key for key in rest if isinstance(key, str)]
            columns[''].update(key='', kind='rest', keys=named)
        return [columns[key] for key in [*self._keys, ''] if key in columns]

    def close(self) -> None:
        """Close all files as they are."""
        for writer in self._arrays.values():
            for stream in writer.streams.values():
                stream.close()

    def _array(self, key: str, stem: str) -> _ArrayWriter:
        if key not in self._arrays:
            self._arrays[key] = _ArrayWriter(self.folder, stem)
        return self._arrays[key]

    def _pack(self, values: dict[int, Any]) -> tuple[str, np.ndarray] | None:
        """Values of one kind in every row as an array, else None."""
        if len(values) < self.rows:
            return None
        entries = list(values.values())
        kinds = {type(entry) for entry in entries}
        first = entries[0]
        if len(kinds) > 1:
            return None
        if isinstance(first, np.generic) and first.dtype.kind in 'biuf':
            return 'scalar', np.array(entries)
        kind = type(first).__name__
        if type(first) is str:
            # NumPy drops NUL at the end of text.
            ends = any(entry.endswith('\0') for entry in entries)
            return None if ends else ('text', np.array(entries))
        if kind in ('tuple', 'list'):
            flat = {type(part) for entry in entries for part in entry}
            if flat not in ({int}, {float}) or len(set(map(len, entries))) > 1:
                return None
        elif kind not in NUMBERS:
            return None
        packed = np.array(entries)
        return (kind, packed) if packed.dtype.kind in 'if' else None

    def _add_rest(self, rest: dict[str, dict[int, Any]]) -> None:
        writer = self._array('', 'rest')
        for row in range(self.rows):
            own = {key: rest[key][row] for key in rest if row in rest[key]}
            if own:
                content = pickle.dumps(own, protocol=4)
                writer.add(row, np.frombuffer(content, dtype=np.uint8))


class _ArrayWriter:
    """Arrays of one key."""

    def __init__(self, folder: Path, stem: str) -> None:
        self.folder, self.stem = folder, stem
        self.streams: dict[str, NpyStream] = {}
        self._forms: dict[tuple, int] = {}
        self._places: dict[int, list[int]] = {}

    def file(self, dtype: str) -> str:
        return f'{self.stem}.{np.dtype(dtype).name}.npy'

    def add(self, row: int, value: np.ndarray) -> None:
        # In the machine's byte order, as after mmengine's serialization.
        value = value.astype(value.dtype.newbyteorder('='), copy=False)
        order = _memory_order(value)
        dtype = value.dtype.str
        if dtype not in self.streams:
            path = self.folder / self.file(dtype)
            self.streams[dtype] = NpyStream(path, np.dtype(dtype))
        form = self._forms.setdefault((dtype, order), len(self._forms))
        start = self.streams[dtype].append(value.transpose(order))
        self._places[row] = [form, start, *value.shape]

    def finish(self, rows: int) -> tuple[np.ndarray, list[dict], dict]:
        width = max(map(len, self._places.values()))
        place = np.zeros((rows, width), dtype=np.int64)
        place[:, 0] = -1
        for row, entry in self._places.items():
            place[row, : len(entry)] = entry
        forms = [
            dict(dtype=dtype, ndim=len(order), order=list(order))
            for dtype, order in self._forms
        ]
        data = {
            self.file(dtype): stream.finish()
            for dtype, stream in self.streams.items()
        }
        return place, forms, data


def _memory_order(value: np.ndarray) -> tuple[int, ...]:
    """Axes from the slowest to the fastest; as they are if not dense."""
    natural = tuple(range(value.ndim))
    if value.flags.c_contiguous:
        return natural
    order = tuple(sorted(natural, key=lambda axis: -value.strides[axis]))
    packed = value.transpose(order).flags.c_contiguous
    return order if packed else natural


def _names_column(key: Any) -> bool:
    """Whether the index can name a key; JSON knows text only."""
    return isinstance(key, str) and key != ''


def _file_stem(key: Any, number: int) -> str:
    """File name of a key, whatever characters it has."""
    return f'{number:02d}_{re.sub("[^A-Za-z0-9_]", "_", str(key))[:40]}'
