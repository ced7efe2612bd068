"""Does a saliency table find the parts that are known to tell a class?"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Parts = Sequence[Sequence[int]]


@dataclass(frozen=True)
class TruePartsFirst:
    """Verdict for each of K classes.

    Args:
        first (np.ndarray): Whether the best combination is a right one,
            bool, ``(K,)``; False where not judged.
        judged (np.ndarray): Whether the class has values and true parts,
            bool, ``(K,)``.
        chance (np.ndarray): Share of the combinations that are right ones,
            ``(K,)``: what a random ranking would reach.
    """

    first: np.ndarray
    judged: np.ndarray
    chance: np.ndarray

    @property
    def share(self) -> float:
        """float: Share of the judged classes; NaN if none was judged."""
        if not self.judged.any():
            return float('nan')
        return float(self.first.sum() / self.judged.sum())


def named_parts(
    salient: Mapping[str, Sequence[str]] | None,
    classes: Sequence[str] | None,
    part_names: Sequence[str],
) -> list[list[int]] | None:
    """Parts that tell each class, by the names that a dataset gives.

    Args:
        salient (Mapping[str, Sequence[str]], optional): ``salient_parts`` of
            an annotation file: names of parts for each class, or for some.
        classes (Sequence[str], optional): Names of the K classes.
        part_names (Sequence[str]): Names of the layout's parts.

    Returns:
        list[list[int]] | None: Parts of each of the K classes, none for one
        that is not listed; None where nothing is known, or the parts are not
        those of the layout, of which a warning tells.
    """
    if not salient or not classes:
        return None
    unknown = {part for own in salient.values() for part in own}
    unknown.difference_update(part_names)
    if unknown:
        warnings.warn(
            f'salient_parts of the dataset name {sorted(unknown)}, which the '
            f'layout has not; it has {sorted(part_names)}. They are not used',
            stacklevel=2,
        )
        return None
    names = list(part_names)
    return [[names.index(p) for p in salient.get(k, ())] for k in classes]


def classes_with_true_parts_first(
    values: np.ndarray,
    joint_counts: Sequence[float] | np.ndarray | None,
    combinations: Parts,
    true_parts: Parts,
) -> TruePartsFirst:
    """Judge for each class whether its best combination is a right one.

    Right is a combination that contains all true parts of the class. Where
    the true parts are more than the largest combination holds, none can, and
    a combination of true parts alone is right. Combinations are ranked by
    ``v_b / |b|``, the quantity of Eq. 3; of equal ones the first counts.

    Args:
        values (np.ndarray): Saliency ``(K, B)``; entries that are not finite
            are not known.
        joint_counts (Sequence[float] | np.ndarray | None): Joints of each
            combination ``(B,)``. None ranks the values as they are.
        combinations (Sequence[Sequence[int]]): Parts of each of B columns.
        true_parts (Sequence[Sequence[int]]): Parts that tell each of the K
            classes; a class without any is not judged.

    Returns:
        TruePartsFirst: A verdict for each class.

    Raises:
        ValueError: If shapes disagree.

    Example:
        >>> found = classes_with_true_parts_first(
        ...     np.array([[0.1, 0.5], [0.9, 0.2]]),
        ...     None,
        ...     [(0, 1), (1, 2)],
        ...     [[2], [2]],
        ... )
        >>> found.first.tolist(), found.share
        ([True, False], 0.5)
    """
    table = _ranked(values, joint_counts, combinations, true_parts)
    right = np.array(
        [_right(parts, combinations) for parts in true_parts], dtype=bool
    ).reshape(table.shape)
    known = np.isfinite(table)
    judged = known.any(1) & np.array([len(p) > 0 for p in true_parts])
    best = np.where(known, table, -np.inf).argmax(1)
    first = judged & right[np.arange(len(table)), best]
    return TruePartsFirst(first, judged, right.mean(1))


def _ranked(
    values: np.ndarray,
    joint_counts: Sequence[float] | np.ndarray | None,
    combinations: Parts,
    true_parts: Parts,
) -> np.ndarray:
    table = np.asarray(values, dtype=np.float64)
    expected = (len(true_parts), len(combinations))
    if table.shape != expected or 0 in expected:
        raise ValueError(
            f'values has shape {table.shape}, expected {expected}: classes '
            'of true_parts, and combinations'
        )
    if joint_counts is None:
        return table
    counts = np.asarray(joint_counts, dtype=np.float64)
    if counts.shape != expected[1:]:
        raise ValueError(
            f'joint_counts has shape {counts.shape}, expected {expected[1:]}'
        )
    return table / counts


def _right(true: Sequence[int], combinations: Parts) -> list[bool]:
    wanted = set(true)
    if len(wanted) > max(map(len, combinations)):
        return [wanted.issuperset(parts) for parts in combinations]
    return [wanted.issubset(parts) for parts in combinations]
