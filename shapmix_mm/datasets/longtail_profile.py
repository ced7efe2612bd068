"""How many training samples each class of a long-tailed set keeps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Union

import numpy as np

PROFILES = ('exp', 'step', 'counts', 'list')
ClassOrder = Union[str, Sequence[int]]

# A product such as 49 * (1 / 49) falls one rounding error short of the
# integer that it stands for, and truncation would then lose a sample.
_ROUNDING = 1 + 1e-12


def check_imbalance(imbalance: float) -> float:
    """Check an imbalance factor.

    Args:
        imbalance (float): Largest over smallest class, at least 1.

    Returns:
        float: The same number.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is below 1 or not finite.
    """
    if isinstance(imbalance, bool) or not isinstance(
        imbalance, (int, float, np.integer, np.floating)
    ):
        raise TypeError(f'imbalance should be a number, but got {imbalance!r}')
    if not math.isfinite(imbalance) or imbalance < 1:
        raise ValueError(
            f'imbalance should be a finite number >= 1, but got {imbalance}'
        )
    return float(imbalance)


def exp_counts(n_max: int, imbalance: float, num_classes: int) -> list[int]:
    """Counts that fall exponentially from ``n_max`` to ``n_max / IF``.

    ``n_k = int(n_max * mu ** (k / (K - 1)))`` with ``mu = 1 / IF``, the rule
    of the published LT-NTU lists. One class alone keeps ``n_max``.

    Args:
        n_max (int): Samples of the largest class.
        imbalance (float): Imbalance factor IF >= 1.
        num_classes (int): Number of classes K.

    Returns:
        list[int]: K counts, largest first.

    Raises:
        ValueError: If an argument is out of range.

    Examples:
        >>> exp_counts(600, 100, 5)
        [600, 189, 60, 18, 6]
    """
    _check_positive(n_max=n_max, num_classes=num_classes)
    mu = 1 / check_imbalance(imbalance)
    last = max(num_classes - 1, 1)
    return [
        int(n_max * mu ** (k / last) * _ROUNDING) for k in range(num_classes)
    ]


def step_counts(n_max: int, imbalance: float, num_classes: int) -> list[int]:
    """Counts of ``n_max`` for one half of the classes, ``n_max / IF`` after.

    The middle one of an odd number of classes belongs to the large half.

    Args:
        n_max (int): Samples of each class in the large half.
        imbalance (float): Imbalance factor IF >= 1.
        num_classes (int): Number of classes K.

    Returns:
        list[int]: K counts, largest first.

    Raises:
        ValueError: If an argument is out of range.

    Examples:
        >>> step_counts(600, 100, 5)
        [600, 600, 600, 6, 6]
    """
    _check_positive(n_max=n_max, num_classes=num_classes)
    tail = int(n_max / check_imbalance(imbalance) * _ROUNDING)
    head = (num_classes + 1) // 2
    return [n_max] * head + [tail] * (num_classes - head)


def class_order(order: ClassOrder, available: Sequence[int]) -> list[int]:
    """Say which class takes which place of a profile, largest place first.

    Args:
        order (str | Sequence[int]): ``'native'`` for the label order,
            ``'descending'`` for the order of available samples (a tie keeps
            the label order), or every class index once.
        available (Sequence[int]): Samples that each of the K classes has.

    Returns:
        list[int]: K class indices.

    Raises:
        ValueError: If the order is unknown or no permutation of the classes.
    """
    num_classes = len(available)
    if isinstance(order, str):
        if order == 'native':
            return list(range(num_classes))
        if order == 'descending':
            return sorted(range(num_classes), key=lambda k: -available[k])
        raise ValueError(
            "order should be 'native', 'descending' or a list of class "
            f'indices, but got {order!r}'
        )
    given = [int(k) for k in order]
    if len(given) != num_classes:
        raise ValueError(
            f'order names {len(given)} classes where the data have '
            f'{num_classes}'
        )
    if sorted(given) != list(range(num_classes)):
        raise ValueError(
            f'order should name each class 0..{num_classes - 1} once, but '
            f'got {given}'
        )
    return given


def largest_fit(
    profile: str, imbalance: float, available: Sequence[int]
) -> int:
    """Find the largest ``n_max`` for which no class is short of samples.

    Args:
        profile (str): ``'exp'`` or ``'step'``.
        imbalance (float): Imbalance factor IF >= 1.
        available (Sequence[int]): Samples per place of the profile.

    Returns:
        int: ``n_max``, at least 1.
    """
    rule = exp_counts if profile == 'exp' else step_counts
    low, high = 1, max(int(available[0]), 1)
    while low < high:
        middle = (low + high + 1) // 2
        wanted = rule(middle, imbalance, len(available))
        if all(n <= a for n, a in zip(wanted, available)):
            low = middle
        else:
            high = middle - 1
    return low


def profile_counts(
    profile: str,
    available: Sequence[int],
    *,
    imbalance: float = 100,
    n_max: int | None = None,
    order: ClassOrder = 'native',
    counts: Sequence[int] | None = None,
) -> list[int]:
    """Counts that a profile asks of every class, by class index.

    Args:
        profile (str): ``'exp'``, ``'step'`` or ``'counts'``.
        available (Sequence[int]): Samples that each of the K classes has.
        imbalance (float): Imbalance factor IF of exp and step. Defaults to
            100.
        n_max (int, optional): Samples of the largest class. None takes the
            largest number that leaves no class short. Defaults to None.
        order (str | Sequence[int]): Which class takes which place, see
            :func:`class_order`. Defaults to 'native'.
        counts (Sequence[int], optional): The K counts of profile counts, in
            the places of ``order``. Defaults to None.

    Returns:
        list[int]: K counts by class index, each at least 1; a class may have
        fewer samples than its count.

    Raises:
        ValueError: If the profile is unknown, leaves a class empty, or is
            made for another number of classes.
    """
    places = class_order(order, available)
    if profile == 'counts':
        wanted = _explicit_counts(counts, len(available))
    elif profile in ('exp', 'step'):
        if n_max is None:
            in_place = [available[k] for k in places]
            n_max = largest_fit(profile, imbalance, in_place)
        rule = exp_counts if profile == 'exp' else step_counts
        wanted = rule(n_max, imbalance, len(available))
    else:
        raise ValueError(
            f"profile should be 'exp', 'step' or 'counts', but got {profile!r}"
        )
    if min(wanted) < 1:
        raise ValueError(
            f'profile {profile!r} with n_max {n_max} and imbalance '
            f'{imbalance} leaves class {places[wanted.index(min(wanted))]} '
            'without samples; raise n_max or lower the imbalance'
        )
    result = [0] * len(available)
    for place, k in enumerate(places):
        result[k] = wanted[place]
    return result


def _explicit_counts(
    counts: Sequence[int] | None, num_classes: int
) -> list[int]:
    """Check the counts that the caller wrote down."""
    if counts is None:
        raise ValueError("profile 'counts' needs counts, one per class")
    if len(counts) != num_classes:
        raise ValueError(
            f'counts has {len(counts)} entries where the data have '
            f'{num_classes} classes'
        )
    for k, count in enumerate(counts):
        _check_positive(**{f'counts[{k}]': count})
    return [int(n) for n in counts]


def _check_positive(**values: int) -> None:
    """Refuse whatever is no integer of at least 1."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f'{name} should be an integer, but got {value!r}')
        if value < 1:
            raise ValueError(f'{name} should be at least 1, but got {value}')
