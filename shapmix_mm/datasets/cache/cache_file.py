"""A cache: all samples of an annotation file in one memory-mapped file.

MMEngine keeps a dataset as one array of bytes and an index of where each
sample ends. This is that pair on disk, so that every process of a machine
reads the same pages and nothing has to be loaded before the first sample::

    head      kind and version
    arrays    the numbers of all samples, end to end
    records   a pickle for each sample, in which an array is its place
    index     a pickle of splits, names, labels, what the file was made of,
              the ends of the records, and checksums of both regions above
    tail      place and checksum of the index

The pickles may name nothing but plain data: a reader that knows no global
reads them, and where one is named the restricted reader of annotation files.
Records and index are compared with their checksums when the file is opened,
the arrays by :meth:`CacheFile.is_whole`.
"""

from __future__ import annotations

import hashlib
import io
import math
import os.path as osp
import pickle
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Callable, NoReturn

import numpy as np

from ...serialization import PickleRefused, RestrictedUnpickler
from .source import rebuild_command, unchanged

__all__ = ['CacheFile', 'CacheWriter', 'is_cache']

KIND = b'shapmix_mm poses'
VERSION = 2
# A multiple of 64, so that arrays may begin where a cache line does.
_HEAD = struct.Struct('<16sQ40x')
_TAIL = struct.Struct('<QQ32s')
_DTYPES = {
    dtype.str: dtype
    for dtype in map(np.dtype, np.typecodes['AllInteger'] + 'efdFD?')
    if dtype.char not in 'qQ'
}
# Kept in the index for each sample, to be read without its record.
HEAD_KEYS = ('filename', 'frame_dir', 'label')
_INDEX = (
    'normalisation',
    'source',
    'splits',
    'columns',
    'shapes',
    'invalid',
    'classes',
    'salient_parts',
    '_arrays',
    '_records',
    '_ends',
)


def is_cache(path: Any) -> bool:
    """Whether an ``ann_file`` names a cache and not an annotation file.

    Args:
        path (Any): Value of ``ann_file``.

    Returns:
        bool: True for a file that begins as a cache does, and for a folder,
        which is none but was one in older versions of this package.
    """
    if not isinstance(path, (str, Path)):
        return False
    path = osp.expanduser(path)
    if osp.isdir(path):
        return True
    try:
        with open(path, 'rb') as file:
            return file.read(len(KIND)) == KIND
    except OSError:
        return False


class CacheFile:
    """An open cache.

    Copies and pickles hold its path alone and open the file again.

    Args:
        path (str or Path): The cache.

    Attributes:
        normalisation (list[dict]): ``type`` and ``args`` of the transforms
            that the samples have been through, in their order.
        source (dict): ``path``, ``size`` in bytes, ``mtime_ns`` and
            ``sha256`` of the annotation file.
        splits (dict[str, np.ndarray]): Rows of each split, ascending.
        columns (dict[str, list]): Names and labels of all samples, None
            where one lacks the key.
        shapes (np.ndarray): Shape (M, T, V, C) of each skeleton before the
            normalisation, int64, (n, 4); -1 without one.
        invalid (dict[int, str]): What is wrong with the skeletons that
            cannot be used, by row.
        classes (list[str] | None): Class names, when the source has them.
        salient_parts (dict | None): Parts known to tell each class of a
            synthetic set, when the source has them.

    Raises:
        ValueError: If it is no cache, damaged, of another version, or its
            annotation file has changed.
    """

    normalisation: list[dict]
    source: dict[str, Any]
    splits: dict[str, np.ndarray]
    columns: dict[str, list]
    shapes: np.ndarray
    invalid: dict[int, str]
    classes: list[str] | None
    salient_parts: dict[str, list[str]] | None
    _arrays: tuple[int, int, bytes]
    _records: tuple[int, int, bytes]
    _ends: np.ndarray

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._bytes = self._map()
        self._check_head()
        try:
            tail = bytes(self._bytes[-_TAIL.size :])
            start, size, self.digest = _TAIL.unpack(tail)
            if start + size + _TAIL.size != len(self._bytes):
                raise ValueError('it has another size')
            self._check('index', (start, size, self.digest))
            index = self._load(start, start + size)
            for key in _INDEX:
                setattr(self, key, index[key])
            self._check('records', self._records)
        except Exception as error:
            self._refuse(f'is damaged ({error})')
        self._check_source()

    def __len__(self) -> int:
        return len(self._ends)

    def __deepcopy__(self, memo: dict) -> CacheFile:
        return self

    def __reduce__(self) -> tuple:
        return _reopen, (self.path, self.digest)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self._bytes)

    def split(self, name: str) -> np.ndarray:
        """Rows of a split.

        Args:
            name (str): The split.

        Returns:
            np.ndarray: Its samples, int64, ascending.

        Raises:
            KeyError: If there is no such split.
        """
        if name not in self.splits:
            raise KeyError(
                f'{self.path} has no split {name!r}; it has '
                f'{sorted(self.splits)}'
            )
        return self.splits[name]

    def record(self, row: int) -> dict[str, Any]:
        """Read a sample.

        Args:
            row (int): Its number in the annotation file.

        Returns:
            dict: Its annotation; arrays are copies, so that a transform may
            write to them.

        Raises:
            ValueError: If it is damaged or names anything but plain data.
        """
        start = int(self._ends[row - 1]) if row else 0
        first = self._records[0]
        try:
            return self._load(first + start, first + int(self._ends[row]))
        except Exception as error:
            self._refuse(f'has a damaged sample {row} ({error})')

    def is_whole(self) -> bool:
        """Compare the arrays with their checksum.

        Returns:
            bool: Whether they are as they were written.
        """
        try:
            self._check('arrays', self._arrays)
        except ValueError:
            return False
        return True

    def rebuild_command(self) -> str:
        """Write the command that makes this cache again.

        Returns:
            str: One line for a shell.
        """
        return rebuild_command(
            self.source['path'], self.path, self.normalisation
        )

    def _map(self) -> np.ndarray:
        path = osp.expanduser(self.path)
        if osp.isdir(path):
            raise ValueError(
                f'{self.path} is no cache: it is a folder, as caches of '
                'older versions were; make another one with '
                f'{rebuild_command("ANN_FILE", f"{self.path}.poses")}'
            )
        try:
            # The memmap's own bookkeeping would cost as much as a read.
            return np.memmap(path, np.uint8, mode='r').view(np.ndarray)
        except ValueError:
            # An empty file cannot be mapped.
            return np.zeros(0, dtype=np.uint8)

    def _check_head(self) -> None:
        head = bytes(self._bytes[: _HEAD.size])
        if not head.startswith(KIND):
            raise ValueError(f'{self.path} is no cache')
        if len(head) < _HEAD.size:
            self._refuse('is damaged (it is cut short)')
        version = _HEAD.unpack(head)[1]
        if version != VERSION:
            self._refuse(
                f'has format version {version}, but this package reads '
                f'version {VERSION}'
            )

    def _check(self, name: str, region: tuple[int, int, bytes]) -> None:
        start, size, known = region
        found = hashlib.sha256(self._bytes[start : start + size].data)
        if found.digest() != known:
            raise ValueError(f'the {name} do not match their checksum')

    def _check_source(self) -> None:
        """Refuse a cache whose annotation file has changed since.

        A cache whose annotation file is not on this machine stands by
        itself.
        """
        path = self.source['path']
        try:
            same = unchanged(self.source, path)
        except OSError:
            return
        if not same:
            self._refuse(f'was made from another {path} than is there now')

    def _refuse(self, what: str) -> NoReturn:
        known = hasattr(self, 'source')
        command = (
            self.rebuild_command()
            if known
            else rebuild_command('ANN_FILE', self.path)
        )
        raise ValueError(
            f'cache {self.path} {what}; rebuild it with {command}'
        )

    def _load(self, start: int, stop: int) -> Any:
        content = self._bytes[start:stop]
        try:
            return _PlainReader(content, self._array).load()
        except PickleRefused:
            return _CarefulReader(content, self._array).load()

    def _array(self, found: tuple) -> Any:
        """What stands for an array, or for a number of numpy, in a pickle."""
        code, *rest = found
        dtype = _DTYPES[code]
        if len(rest) == 1:
            return np.frombuffer(rest[0], dtype)[0]
        shape, order, place = rest
        if type(place) is bytes:
            values = np.ndarray(shape, dtype, place)
        else:
            # numpy.ndarray would read before the file at a place below 0.
            flat = np.frombuffer(self._bytes, dtype, math.prod(shape), place)
            values = flat.reshape(shape)
        if order is not None:
            # As it lay in memory, for what follows may be sums.
            values = values.transpose(order)
        return values.copy('K')


def _reopen(path: str, digest: bytes) -> CacheFile:
    """Open a cache in another process, if it is still the same."""
    file = CacheFile(path)
    if file.digest != digest:
        raise ValueError(f'cache {path} was replaced while it was in use')
    return file


class _PlainReader(pickle.Unpickler):
    """Reads containers, text, numbers and arrays, and knows no global."""

    def __init__(self, content: Any, array: Callable[[tuple], Any]) -> None:
        super().__init__(io.BytesIO(content))
        self._array = array

    def persistent_load(self, pid: Any) -> Any:
        """Make an array of its place."""
        return self._array(pid)

    def find_class(self, module: str, name: str) -> Any:
        """Refuse all."""
        raise PickleRefused(f'{module}.{name}')


class _CarefulReader(RestrictedUnpickler):
    """Reads what else annotation files may hold, ten times slower."""

    def __init__(self, content: Any, array: Callable[[tuple], Any]) -> None:
        super().__init__(io.BytesIO(content))
        self._array = array

    def persistent_load(self, pid: Any) -> Any:
        """Make an array of its place."""
        return self._array(pid)


class CacheWriter:
    """Writes samples one after the other, then their index.

    Plain writes and no memory map, so that a full disk is an error and not
    a signal that kills the process.

    Args:
        file (BinaryIO): Empty file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._records: list[bytes] = []
        self._columns: dict[str, list] = {}
        self._digest = hashlib.sha256()
        file.write(_HEAD.pack(KIND, VERSION))

    def add(self, sample: Mapping[str, Any]) -> None:
        """Write one sample.

        Args:
            sample (Mapping): Keys and values.
        """
        for key in HEAD_KEYS:
            if key in sample and key not in self._columns:
                self._columns[key] = [None] * len(self._records)
        for key, column in self._columns.items():
            column.append(sample.get(key))
        self._records.append(_pickled(dict(sample), self._write_array))

    def finish(self, **about: Any) -> None:
        """Write what is left.

        Args:
            **about: Attributes of :class:`CacheFile` that the samples do
                not tell: all but ``columns``.
        """
        start = self._file.tell()
        arrays = (_HEAD.size, start - _HEAD.size, self._digest.digest())
        records = b''.join(self._records)
        self._file.write(records)
        ends = np.cumsum([len(record) for record in self._records])
        index = dict(
            about,
            columns=self._columns,
            _arrays=arrays,
            _records=(start, len(records), hashlib.sha256(records).digest()),
            _ends=ends,
        )
        content = _pickled(index, lambda values: values.tobytes())
        start = self._file.tell()
        digest = hashlib.sha256(content).digest()
        self._file.write(content)
        self._file.write(_TAIL.pack(start, len(content), digest))

    def _write_array(self, values: np.ndarray) -> int:
        """Write an array, and tell where it begins."""
        padding = bytes(-self._file.tell() % 8)
        place = self._file.tell() + len(padding)
        # Flat first: a memoryview does not cast what has a side of 0.
        flat = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        for content in (padding, flat.data):
            self._digest.update(content)
            self._file.write(content)
        return place


class _Writer(pickle.Pickler):
    """Writes arrays and numbers of numpy as :meth:`CacheFile._array` reads.

    Args:
        file (BinaryIO): Where the pickle goes.
        keep (Callable): Takes an array to where it belongs, and tells its
            place there.
    """

    def __init__(
        self, file: BinaryIO, keep: Callable[[np.ndarray], Any]
    ) -> None:
        super().__init__(file, protocol=4)
        self._keep = keep

    def persistent_id(self, value: Any) -> Any:
        """Describe an array or a number of numpy; None for all else."""
        kind = type(value)
        if kind is not np.ndarray and not issubclass(kind, np.generic):
            return None
        # In the machine's byte order, as after mmengine's serialization.
        dtype = value.dtype.newbyteorder('=')
        if dtype.str not in _DTYPES:
            return None
        value = value.astype(dtype, copy=False)
        if kind is not np.ndarray:
            return dtype.str, value.tobytes()
        order = _memory_order(value)
        stored = value.transpose(order)
        natural = order == list(range(value.ndim))
        back = None if natural else np.argsort(order).tolist()
        return dtype.str, stored.shape, back, self._keep(stored)


def _pickled(value: Any, keep: Callable[[np.ndarray], Any]) -> bytes:
    content = io.BytesIO()
    _Writer(content, keep).dump(value)
    return content.getvalue()


def _memory_order(value: np.ndarray) -> list[int]:
    """Axes from the slowest to the fastest; as they are if not dense."""
    natural = list(range(value.ndim))
    if value.flags.c_contiguous:
        return natural
    order = sorted(natural, key=lambda axis: -value.strides[axis])
    packed = value.transpose(order).flags.c_contiguous
    return order if packed else natural
