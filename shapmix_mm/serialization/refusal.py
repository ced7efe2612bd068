"""The error that every reader of this room raises on hostile content."""

from __future__ import annotations

__all__ = ['PickleRefused']


class PickleRefused(ValueError):
    """A pickle asks for something that plain data never needs."""
