"""The error that a suite ends with before it has begun."""

from __future__ import annotations

__all__ = ['SuiteError']


class SuiteError(Exception):
    """What is wrong with a suite or its folder, in one sentence."""
