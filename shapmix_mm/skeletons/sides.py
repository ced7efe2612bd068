"""Which side a name tells, and which names are pairs."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ['side_pairs', 'side_twin']

# Words of a name; a small letter or a digit ends a word before a capital.
_WORD = re.compile(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+')
_SIDES = dict(left='right', l='r')


def side_twin(name: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Side of a joint or part by its name.

    Args:
        name (str): Such as ``'left_hip'``, ``'LHip'`` or ``'hip.R'``.

    Returns:
        tuple: ``'left'``, ``'right'`` or ``''``; the words of the name, and
        those of what is at the other side.
    """
    words = tuple(word.lower() for word in _WORD.findall(name))
    back = {right: left for left, right in _SIDES.items()}
    twin = tuple(_SIDES.get(w, back.get(w, w)) for w in words)
    if any(word in _SIDES for word in words):
        return 'left', words, twin
    return ('right' if twin != words else ''), words, twin


def side_pairs(names: Sequence[str]) -> list[tuple[int, int]]:
    """Places of the names that differ by their side alone.

    Args:
        names (Sequence[str]): Names of joints or parts.

    Returns:
        list[tuple[int, int]]: (left, right) each.
    """
    told = [side_twin(name) for name in names]
    places = {words: place for place, (_, words, _) in enumerate(told)}
    return [
        (left, places[twin])
        for left, (side, _, twin) in enumerate(told)
        if side == 'left' and twin in places
    ]
