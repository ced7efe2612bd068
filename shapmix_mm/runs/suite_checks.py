"""Checks of what stands in a suite file, each naming place and key."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from .suite_failure import SuiteError

__all__ = [
    'check_keys',
    'guess',
    'read_number',
    'read_options',
    'read_text',
    'read_words',
]


def guess(name: str, known: Iterable[str]) -> str:
    """Name the known word that looks most like another, or nothing."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return f'; did you mean {found[0]!r}?' if found else ''


def check_keys(
    where: str, content: Any, known: Iterable[str], needed: Iterable[str]
) -> None:
    """Check the keys of a mapping.

    Args:
        where (str): Place, for the message.
        content (Any): What should be a mapping.
        known (Iterable[str]): Keys that it may have.
        needed (Iterable[str]): Keys that it must have.

    Raises:
        SuiteError: If it is no mapping, or a key is unknown or missing.
    """
    names = sorted(known)
    if not isinstance(content, dict):
        raise SuiteError(
            f'{where}: expected the keys {", ".join(names)}, got {content!r}'
        )
    for key in content:
        if key not in names:
            raise SuiteError(
                f'{where}: unknown key {key!r}; known are '
                f'{", ".join(names)}{guess(str(key), names)}'
            )
    for key in needed:
        if key not in content:
            raise SuiteError(f'{where}: the key {key!r} is missing')


def read_text(
    where: str, content: Mapping[str, Any], key: str, default: str
) -> str:
    """Take a text from a mapping."""
    value = content.get(key, default)
    if not isinstance(value, str):
        raise SuiteError(f'{where}: {key} must be a text, got {value!r}')
    return value


def read_number(
    where: str, content: Mapping[str, Any], key: str
) -> int | None:
    """Take a whole number above 0 from a mapping, or None."""
    value = content.get(key)
    if value is not None and (type(value) is not int or value < 1):
        raise SuiteError(
            f'{where}: {key} must be a whole number above 0, got {value!r}'
        )
    return value


def read_words(
    where: str, content: Mapping[str, Any], key: str
) -> tuple[str, ...]:
    """Take one name or a list of them from a mapping."""
    value = content.get(key, [])
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(
        isinstance(word, str) for word in words
    ):
        raise SuiteError(
            f'{where}: {key} must be a name or a list of names, got {value!r}'
        )
    return tuple(words)


def read_options(where: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Take settings by dotted key from a mapping.

    The command line of the training tool carries them, so that a value is a
    number, a text, a truth value, null, or a list of these.
    """
    options = content.get('options') or {}
    if not isinstance(options, dict):
        raise SuiteError(
            f'{where}: options must be dotted keys and their values, '
            f'got {options!r}'
        )
    for key, value in options.items():
        parts = value if isinstance(value, list) else [value]
        for part in parts:
            if not isinstance(part, (int, float, str, type(None))):
                raise SuiteError(
                    f'{where}: options: {key} must be a number, a text, a '
                    f'truth value, null or a list of these, got {value!r}'
                )
    return dict(options)
