"""Embedded demo set of synthetic skeleton motion in NTU RGB+D layout."""

from .classes import ACTIONS, Action
from .generator import make_demo
from .settings import VERSION, DemoSettings
from .storage import is_current, manifest_path, write_demo

__all__ = [
    'ACTIONS',
    'Action',
    'DemoSettings',
    'VERSION',
    'is_current',
    'make_demo',
    'manifest_path',
    'write_demo',
]
