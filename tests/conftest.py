"""Fixtures that several rooms share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mmengine.registry import DefaultScope

import shapmix_mm  # noqa: F401  (before any test imports MMAction2 by itself)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='session')
def shared_dir() -> Path:
    """Folder of the real data; the test is skipped where it is absent."""
    default = ROOT.parent / 'shared'
    path = Path(os.environ.get('SHAPMIX_SHARED', default))
    if not (path / 'data').is_dir():
        pytest.skip(f'no real data in {path}; set SHAPMIX_SHARED')
    return path


@pytest.fixture(autouse=True)
def _mmaction_scope():
    """Build as a runner does; a runner of an earlier test leaves its scope."""
    with DefaultScope.overwrite_default_scope('mmaction'):
        yield
