"""The pieces of a pickled numpy array, each checked before numpy sees it."""

from __future__ import annotations

from typing import Any

import numpy as np

try:
    from numpy._core import multiarray, numeric
except ImportError:  # numpy 1
    from numpy.core import multiarray, numeric  # type: ignore[no-redef]
from .refusal import PickleRefused

__all__ = ['NUMPY_GLOBALS', 'check_dtype_state']

# Stands for numpy.ndarray in the pickle: the class itself, called with a
# buffer, would read raw bytes as object pointers.
_ARRAY_CLASS = object()


def _rebuild_array(kind: Any, shape: Any = (0,), code: Any = b'b') -> Any:
    """Stand in for numpy's ``_reconstruct``: an empty array to be filled."""
    if kind is not _ARRAY_CLASS:
        raise PickleRefused('an array of a class other than numpy.ndarray')
    return np.ndarray.__new__(np.ndarray, (0,), 'b')


def _dtype(spec: Any, align: Any = False, copy: Any = True) -> np.dtype:
    """Stand in for ``numpy.dtype``.

    Always a fresh object: the state that follows in the pickle would change
    the dtype that the whole process shares.
    """
    if not isinstance(spec, (str, bytes)):
        raise PickleRefused(f'a dtype given as {type(spec).__name__}')
    if isinstance(spec, bytes):
        spec = spec.decode('ascii')
    return np.dtype(spec, False, True)  # type: ignore[call-overload]


def _frombuffer(buffer: Any, dtype: Any, *layout: Any) -> Any:
    """Stand in for numpy's ``_frombuffer`` of pickle protocol 5."""
    if not isinstance(dtype, np.dtype) or dtype.hasobject:
        raise PickleRefused('an array in a buffer without a plain dtype')
    return numeric._frombuffer(buffer, dtype, *layout)  # type: ignore


def _scalar(dtype: Any, data: Any = None) -> Any:
    """Stand in for numpy's ``scalar``."""
    if not isinstance(dtype, np.dtype) or dtype.hasobject:
        raise PickleRefused('a numpy scalar without a plain dtype')
    if isinstance(data, str):
        data = data.encode('latin1')
    return multiarray.scalar(dtype, data)  # type: ignore[attr-defined]


def check_dtype_state(dtype: np.dtype, state: Any) -> bool:
    """Tell whether a pickled dtype state is what numpy itself writes.

    Args:
        dtype (numpy.dtype): Dtype that the pickle made from its code.
        state (Any): (version, byte order, sub-array, names, fields, size,
            alignment, flags), where size and alignment are -1 unless the
            dtype is a string.

    Returns:
        bool: False for structured, sub-array and date dtypes too, whose
        state has more parts than could be compared here.
    """
    if not isinstance(state, tuple) or len(state) != 8:
        return False
    version, order, subarray, names, fields, size, alignment, flags = state
    return (
        version == 3
        and order in ('<', '>', '|', '=')
        and subarray is names is fields is None
        and size in (-1, dtype.itemsize)
        and alignment in (-1, dtype.alignment)
        and flags == dtype.flags
    )


_SCALARS = [
    'bool_',
    'str_',
    *(f'float{bits}' for bits in (16, 32, 64)),
    *(f'{kind}{bits}' for kind in ('int', 'uint') for bits in (8, 16, 32, 64)),
]

NUMPY_GLOBALS: dict[tuple[str, str], Any] = {
    ('numpy', 'dtype'): _dtype,
    ('numpy', 'ndarray'): _ARRAY_CLASS,
    **{('numpy', name): getattr(np, name) for name in _SCALARS},
}
for _core in ('numpy.core', 'numpy._core'):
    NUMPY_GLOBALS[(f'{_core}.multiarray', '_reconstruct')] = _rebuild_array
    NUMPY_GLOBALS[(f'{_core}.multiarray', 'scalar')] = _scalar
    NUMPY_GLOBALS[(f'{_core}.numeric', '_frombuffer')] = _frombuffer
