"""Reading files without running their code, and writing them whole."""

from __future__ import annotations

from .annotations import load_annotations
from .checkpoints import load_checkpoint_file
from .refusal import PickleRefused
from .results import load_results
from .unpickler import RestrictedUnpickler
from .upstream import UPSTREAM, from_upstream, to_upstream
from .whole_checkpoints import find_whole_checkpoint, is_whole_checkpoint
from .whole_file import DiskFull, check_writable, whole_file, write_whole

__all__ = [
    'UPSTREAM',
    'DiskFull',
    'PickleRefused',
    'RestrictedUnpickler',
    'check_writable',
    'find_whole_checkpoint',
    'from_upstream',
    'is_whole_checkpoint',
    'load_annotations',
    'load_checkpoint_file',
    'load_results',
    'to_upstream',
    'whole_file',
    'write_whole',
]
