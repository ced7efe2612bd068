"""Fixtures that several rooms share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='session')
def shared_dir() -> Path:
    """Folder of the real data; the test is skipped where it is absent."""
    default = ROOT.parent / 'shared'
    path = Path(os.environ.get('SHAPMIX_SHARED', default))
    if not (path / 'data').is_dir():
        pytest.skip(f'no real data in {path}; set SHAPMIX_SHARED')
    return path
