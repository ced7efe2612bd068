"""Reading skeleton annotation files, which anyone may have written."""

from __future__ import annotations

import os
from typing import Any

from .unpickler import PickleRefused, RestrictedUnpickler

__all__ = ['load_annotations']

_ADVICE = (
    'MMAction2 offers the NTU RGB+D skeletons as ntu60_3d.pkl and '
    'ntu120_3d.pkl: see tools/data/skeleton in its documentation. '
    '`make demo` shows this package on data of its own instead'
)


def load_annotations(path: str | os.PathLike[str]) -> Any:
    """Read a pickle that holds numpy arrays and plain containers only.

    Args:
        path (str | os.PathLike): Annotation file.

    Returns:
        Any: What it holds, usually ``dict(split=..., annotations=...)``.

    Raises:
        FileNotFoundError: If there is no such file; says where skeletons
            come from.
        ValueError: If the file is cut short, is no pickle, or names
            anything that runs code.
    """
    path = os.path.expanduser(os.fspath(path))
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f'annotation file {path} does not exist. {_ADVICE}'
        )
    try:
        with open(path, 'rb') as file:
            return RestrictedUnpickler(file).load()
    except PickleRefused as error:
        raise ValueError(
            f'annotation file {path} asks for {error}, but may hold numpy '
            'arrays and plain containers only; nothing of it was run'
        ) from error
    except Exception as error:
        # A damaged pickle can fail in any opcode, with any exception.
        raise ValueError(
            f'annotation file {path} {_damage(path)} '
            f'({type(error).__name__}: {error})'
        ) from error


def _damage(path: str) -> str:
    if os.path.getsize(path) == 0:
        return 'is empty'
    with open(path, 'rb') as file:
        first = file.read(1)
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
    if first != b'\x80':
        return 'is not a pickle'
    return 'is cut short' if last != b'.' else 'is damaged'
