"""MATLAB files of raw sets, read as arrays."""

from __future__ import annotations

import io
from typing import Any

import numpy as np


def read_mat(content: bytes, *keys: str) -> tuple[np.ndarray, ...]:
    """Read variables of a MATLAB file of version 5.

    Args:
        content (bytes): The file.
        *keys (str): Names of the variables.

    Returns:
        tuple[np.ndarray]: One array for each, numbers or text.

    Raises:
        ValueError: If it is no such file, or lacks one of them.
    """
    from scipy.io import loadmat

    try:
        found: dict[str, Any] = loadmat(io.BytesIO(content))
    # SciPy fails on damaged bytes in whatever way they lead it to.
    except Exception as error:
        raise ValueError(f'unreadable MATLAB file: {error}') from error
    missing = [key for key in keys if key not in found]
    if missing:
        raise ValueError(f'unreadable MATLAB file: it lacks {missing}')
    arrays = tuple(np.asarray(found[key]) for key in keys)
    if any(array.dtype.kind not in 'biufU' for array in arrays):
        raise ValueError('unreadable MATLAB file: it holds no plain arrays')
    return arrays
