"""Fields of an entry of ``k400_2d.pkl``, checked one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..preparation import UnusableFile

_MAX_SHOWN = 60


def whole_number(item: Mapping[str, Any], key: str) -> int:
    """Take a whole number.

    Args:
        item (Mapping): The entry.
        key (str): Name of the field.

    Returns:
        int: The number.

    Raises:
        UnusableFile: If it is missing or something else.
    """
    value: Any = item.get(key)
    if not _is_whole(value):
        raise UnusableFile('malformed', f'{key} is {value!r}, no whole number')
    return int(value)


def shape(item: Mapping[str, Any], key: str) -> tuple[int, ...]:
    """Take height and width of an image.

    Args:
        item (Mapping): The entry.
        key (str): Name of the field.

    Returns:
        tuple[int, int]: Both, as plain integers.

    Raises:
        UnusableFile: If it is no pair of positive integers.
    """
    value = item[key]
    if isinstance(value, np.ndarray):
        value = value.tolist()
    pair = isinstance(value, (tuple, list)) and len(value) == 2
    if not pair or not all(_is_whole(n) and n > 0 for n in value):
        raise UnusableFile(
            'malformed',
            f'{key} is {repr(value)[:_MAX_SHOWN]}, no pair of positive '
            'integers',
        )
    return tuple(int(number) for number in value)


def column(entry: Mapping[str, Any], key: str, count: int) -> np.ndarray:
    """Take one number for each pose.

    Args:
        entry (Mapping): The entry.
        key (str): Name of the field.
        count (int): Number of poses.

    Returns:
        np.ndarray: The numbers, ``(count,)``.

    Raises:
        UnusableFile: If it is no array of so many numbers.
    """
    try:
        numbers = np.asarray(entry.get(key))
    except ValueError as error:
        # Lists of unequal lengths.
        raise UnusableFile('malformed', f'{key}: {error}') from error
    if numbers.shape != (count,) or numbers.dtype.kind not in 'fiu':
        raise UnusableFile(
            'malformed',
            f'{key} has shape {numbers.shape}, but there are {count} poses',
        )
    return numbers


def _is_whole(value: Any) -> bool:
    # Python takes True for 1.
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
