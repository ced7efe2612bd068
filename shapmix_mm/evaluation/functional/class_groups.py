"""Many-, medium- and few-shot groups from the training count per class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

GROUPS = ('many', 'medium', 'few')


def check_class_counts(
    class_counts: Sequence[float] | np.ndarray, num_classes: int | None = None
) -> np.ndarray:
    """Read training counts as a float array, or say what is wrong.

    Args:
        class_counts (Sequence[float] | np.ndarray): Training samples of each
            class, ``(K,)``. A CPU tensor will do as well.
        num_classes (int, optional): K, if it is known from elsewhere.
            Defaults to None.

    Returns:
        np.ndarray: The counts as float64, ``(K,)``, a copy.

    Raises:
        ValueError: If the counts are no vector, are empty, negative or not
            finite, or belong to another number of classes.
    """
    counts = np.array(class_counts, dtype=np.float64)
    if counts.ndim != 1 or counts.size == 0:
        raise ValueError(
            'class_counts must hold one number per class, got '
            f'shape {counts.shape}'
        )
    wrong = np.flatnonzero(~np.isfinite(counts) | (counts < 0))
    if wrong.size:
        raise ValueError(
            f'class_counts[{wrong[0]}] is {counts[wrong[0]]}, '
            'expected a number of samples >= 0'
        )
    if num_classes is not None and counts.size != num_classes:
        raise ValueError(
            f'class_counts has {counts.size} classes where the '
            f'scores have {num_classes}'
        )
    return counts


def check_thresholds(many: float, few: float) -> None:
    """Check the counts that bound the groups; NaN is refused.

    Args:
        many (float): Upper threshold.
        few (float): Lower threshold.

    Raises:
        ValueError: Unless ``0 <= few <= many``.
    """
    if not 0 <= few <= many:
        raise ValueError(
            'thresholds must satisfy 0 <= few <= many, got '
            f'few={few} and many={many}'
        )


def class_groups(
    class_counts: Sequence[float] | np.ndarray,
    *,
    many: float = 100,
    few: float = 20,
) -> np.ndarray:
    """Name the group of each class.

    A class with more than ``many`` training samples is many-shot, one with
    fewer than ``few`` is few-shot, and one in between, both ends included,
    is medium-shot (the rule of the Shap-Mix evaluation; other code bases
    count ``n <= 20`` as few-shot).

    Args:
        class_counts (Sequence[float] | np.ndarray): Training samples of each
            class, ``(K,)``.
        many (float): Threshold above which a class is many-shot.
            Defaults to 100.
        few (float): Threshold below which a class is few-shot.
            Defaults to 20.

    Returns:
        np.ndarray: ``'many'``, ``'medium'`` or ``'few'``, ``(K,)``.

    Raises:
        ValueError: If the counts or the thresholds make no sense.

    Example:
        >>> class_groups([600, 100, 20, 19]).tolist()
        ['many', 'medium', 'medium', 'few']
    """
    check_thresholds(many, few)
    counts = check_class_counts(class_counts)
    return np.where(
        counts > many, 'many', np.where(counts < few, 'few', 'medium')
    )
