"""Version of the package, in one place for setup.py and for the users."""

from __future__ import annotations

__version__ = '0.1.0'
