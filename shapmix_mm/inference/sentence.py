"""What the values of one class say, in one English sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ['sentence']

# A smaller group of parts speaks for a larger one if it has this share of
# its value: what else is in the larger one adds next to nothing.
_ENOUGH = 0.9
# A part on the other side is named from this share of the first value on.
_WORTH_SAYING = 0.1


def sentence(
    class_name: str,
    part_names: Sequence[str],
    parts: Sequence[float],
    combinations: Sequence[Mapping[str, Any]],
    none: float,
    all: float,
) -> str:
    """Say which parts make the probability of a class what it is.

    The strongest value comes first, be it of a part or of a combination,
    for the class or against it; then the strongest part on the other side,
    unless it is small beside the first; then the probabilities themselves.

    Args:
        class_name (str): Name of the class.
        part_names (Sequence[str]): Names of the P parts.
        parts (Sequence[float]): Shapley value of each part, as differences
            of probability.
        combinations (Sequence[Mapping]): Generalised Shapley values of
            combinations: ``parts``, indices of parts, and ``value``.
        none (float): Probability of the class when no part moves.
        all (float): Probability of the class when all parts move.

    Returns:
        str: One sentence. Values are in points, hundredths of probability;
        what rounds to no point is not called a gain or a loss.

    Example:
        >>> text = sentence('throw', ['trunk', 'right_arm'], [0.05, 0.36],
        ...                 [dict(parts=[0, 1], value=0.41)], 0.3, 0.71)
        >>> text.split(';')[0]
        'Trunk and right arm together raise “throw” by 41 points'
    """
    values: dict[tuple[int, ...], float] = {
        (part,): float(value) for part, value in enumerate(parts)
    }
    for one in combinations:
        values[tuple(sorted(one['parts']))] = float(one['value'])
    name = f'“{class_name.replace("_", " ")}”'
    lead = _lead(values)
    if lead is None:
        said = f'No part changes {name} by as much as half a point'
    else:
        said = _clause(part_names, lead, values[lead], name)
        other = _other_side(values, lead)
        if other is not None:
            said += ', ' + _clause(part_names, other, values[other], 'it')
    said = said[0].upper() + said[1:]
    return f'{said}; {_probabilities(none, all)}.'


def _lead(values: Mapping[tuple[int, ...], float]) -> tuple[int, ...] | None:
    """Smallest group of parts that has nearly the strongest value."""
    strongest = max(values.values(), key=abs, default=0.0)
    if _points(strongest) == 0:
        return None
    sign = 1 if strongest > 0 else -1
    near = [
        group
        for group, value in values.items()
        if value * sign >= _ENOUGH * abs(strongest)
    ]
    return min(near, key=lambda group: (len(group), -abs(values[group])))


def _other_side(
    values: Mapping[tuple[int, ...], float], lead: tuple[int, ...]
) -> tuple[int, ...] | None:
    """The part that most opposes those which are named first."""
    first = values[lead]
    against = {
        group: abs(value)
        for group, value in values.items()
        if len(group) == 1 and value * first < 0 and group[0] not in lead
    }
    if not against:
        return None
    part = max(against, key=lambda group: against[group])
    least = max(_WORTH_SAYING * abs(first), 0.005)
    return part if against[part] > least else None


def _clause(
    names: Sequence[str], group: tuple[int, ...], value: float, what: str
) -> str:
    words = [names[part].replace('_', ' ') for part in group]
    if len(words) == 1:
        verb = 'raise' if _is_plural(words[0]) else 'raises'
        who = words[0]
    else:
        who = f'{", ".join(words[:-1])} and {words[-1]} together'
        verb = 'raise'
    if value < 0:
        verb = verb.replace('raise', 'lower')
    count = abs(_points(value))
    unit = 'point' if count == 1 else 'points'
    # After the first clause, "it" and "points" are understood.
    amount = f'{count} {unit}' if what != 'it' else f'{count}'
    return f'{who} {verb} {what} by {amount}'


def _is_plural(word: str) -> bool:
    """Whether a name such as ``legs`` or ``feet`` takes a plural verb."""
    return word.endswith(('s', 'feet')) and not word.endswith(('is', 'ss'))


def _points(value: float) -> int:
    return round(100 * value)


def _probabilities(none: float, all: float) -> str:
    low, high = _percent(none), _percent(all)
    if low == high:
        return f'its probability is {high} with all parts moving or none'
    return (
        f'its probability is {high} with all parts moving and {low} with none'
    )


def _percent(probability: float) -> str:
    """Whole percents, and no certainty that is none."""
    if 0 < probability < 0.01:
        return 'below 1 %'
    if 0.99 < probability < 1:
        return 'above 99 %'
    return f'{100 * max(probability, 0):.0f} %'
