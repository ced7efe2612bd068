"""Reading dumped test results: tensors and plain containers, no code."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from .checkpoints import CheckpointUnpickler
from .refusal import PickleRefused

__all__ = ['load_results']


def _storage(data: bytes) -> Any:
    """Stand in for torch's ``_load_from_bytes``, which runs any pickle."""
    if not isinstance(data, bytes):
        raise PickleRefused(f'a storage given as {type(data).__name__}')
    return torch.load(io.BytesIO(data), weights_only=True)


class ResultUnpickler(CheckpointUnpickler):
    """Unpickler of what ``DumpResults`` writes."""

    allowed: ClassVar[Mapping[tuple[str, str], Any]] = {
        **CheckpointUnpickler.allowed,
        ('torch.storage', '_load_from_bytes'): _storage,
    }


def load_results(path: str | os.PathLike[str]) -> Any:
    """Read a file that ``tools/test.py --dump`` wrote, running nothing in it.

    Args:
        path (str | os.PathLike): Pickle of the predictions.

    Returns:
        Any: What it holds, usually a list of dicts, one for each sample.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is cut short, is no pickle, or names anything that
            runs code.
    """
    path = os.path.expanduser(os.fspath(path))
    if not os.path.isfile(path):
        raise FileNotFoundError(f'results {path} do not exist')
    try:
        with open(path, 'rb') as file:
            return ResultUnpickler(file).load()
    except PickleRefused as error:
        raise ValueError(
            f'results {path} ask for {error}, but may hold tensors, arrays '
            'and plain containers only; nothing of it was run'
        ) from error
    except Exception as error:
        # A damaged pickle can fail in any opcode, with any exception.
        raise ValueError(
            f'results {path} are cut short, damaged or no pickle '
            f'({type(error).__name__}: {error})'
        ) from error
