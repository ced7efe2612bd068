"""Writing an ``.npy`` file piece by piece, its length unknown till the end."""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

# Room for any shape; a multiple of 64, as the format asks for.
_HEADER = 192


class NpyStream:
    """A one-dimensional ``.npy`` file that grows.

    Plain writes and no memory map, so that a full disk is an error and not
    a signal that kills the process.

    Args:
        path (Path): File to write.
        dtype (numpy.dtype): Its dtype.
    """

    def __init__(self, path: Path, dtype: np.dtype) -> None:
        self.path, self.dtype = path, np.dtype(dtype)
        self.length = 0
        self._digest = hashlib.sha256()
        self._file = open(path, 'xb')  # noqa: SIM115
        self._file.write(bytes(_HEADER))

    def append(self, values: np.ndarray) -> int:
        """Add values at the end.

        Args:
            values (np.ndarray): Values of the dtype, in C order.

        Returns:
            int: Where they begin, in elements.
        """
        start = self.length
        content = np.ascontiguousarray(values, self.dtype).tobytes()
        self._digest.update(content)
        self._file.write(content)
        self.length += values.size
        return start

    def finish(self, shape: tuple[int, ...] | None = None) -> dict[str, Any]:
        """Write the header, bring all to the disk and close the file.

        Args:
            shape (tuple[int], optional): Shape of the whole. Defaults to
                None: one dimension.

        Returns:
            dict: ``bytes`` of the file and ``sha256`` of its values.
        """
        header = _header(self.dtype, shape or (self.length,))
        self._file.seek(0)
        self._file.write(header)
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        return dict(
            bytes=self.path.stat().st_size, sha256=self._digest.hexdigest()
        )

    def close(self) -> None:
        """Close the file as it is."""
        self._file.close()

    def __enter__(self) -> NpyStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def write_npy(path: Path, values: np.ndarray) -> dict[str, Any]:
    """Write a whole array.

    Args:
        path (Path): File to write.
        values (np.ndarray): Its content.

    Returns:
        dict: ``bytes`` of the file and ``sha256`` of its values.
    """
    with NpyStream(path, values.dtype) as stream:
        stream.append(values)
        return stream.finish(values.shape)


def values_digest(values: np.ndarray) -> str:
    """Fingerprint of the values of an array.

    Args:
        values (np.ndarray): Values in C order, on disk or in memory.

    Returns:
        str: SHA-256, in hexadecimal.
    """
    found = hashlib.sha256()
    flat = values.reshape(-1)
    for start in range(0, flat.size, 1 << 22):
        found.update(flat[start : start + (1 << 22)].tobytes())
    return found.hexdigest()


def _header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    """Header of NumPy's format 1.0, padded to a fixed length."""
    text = repr(
        dict(
            descr=np.lib.format.dtype_to_descr(dtype),
            fortran_order=False,
            shape=shape,
        )
    )
    body = text.encode('latin1').ljust(_HEADER - 11) + b'\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', _HEADER - 10) + body
