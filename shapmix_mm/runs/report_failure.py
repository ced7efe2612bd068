"""The error that a report ends with, in one line for a person."""

from __future__ import annotations

__all__ = ['ReportError']


class ReportError(Exception):
    """What is wrong with the run or the arguments, in one sentence."""
