"""Read the reference outputs of the authors' networks.

A state dict is a function of names and shapes: the file holds these, the
shape of an input and what the network of the authors made of both. The fill
is that of ``refread.py`` beside the files.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

FOLDER = Path('reference') / 'recognisers'


def reference(shared: Path, name: str) -> Any:
    """Open ``NAME.npz`` with the reader that lies beside it."""
    path = shared / FOLDER / 'refread.py'
    spec = importlib.util.spec_from_file_location('refread', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Reference(shared / FOLDER / f'{name}.npz')


def extra(ref: Any, name: str) -> Tensor:
    """A further array of the file."""
    return torch.from_numpy(ref.npz[name])


def relative_error(found: Tensor, expected: Tensor) -> float:
    """Largest difference relative to the largest value."""
    scale = expected.abs().max()
    return ((found - expected).abs().max() / scale).item()


def ten_blocks(key: str) -> str:
    """``l1.`` to ``l10.`` of upstream as entries of ``net``."""
    return re.sub(r'^l(\d+)\.', lambda m: f'net.{int(m[1]) - 1}.', key)
