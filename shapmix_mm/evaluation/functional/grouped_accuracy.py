"""Top-k, mean-class and many/medium/few accuracy from scores and labels.

Groups, order of classes, accuracies, and how they are written down.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shapmix_mm.serialization import whole_file

GROUPS = ('many', 'medium', 'few')
_HEADER = ('group', 'training samples', 'classes', 'test samples', 'accuracy')
_COLUMNS = (
    'class',
    'name',
    'training_count',
    'group',
    'test_support',
    'accuracy',
)


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


def class_order(class_counts: Sequence[float] | np.ndarray) -> np.ndarray:
    """Order in which tables and figures show classes.

    Args:
        class_counts (Sequence[float] | np.ndarray): Training samples of each
            class, ``(K,)``.

    Returns:
        np.ndarray: Classes ``(K,)``, the most frequent first; of equal ones
        the lower.

    Example:
        >>> class_order([5, 9, 5]).tolist()
        [1, 0, 2]
    """
    return np.argsort(-np.asarray(class_counts, float), kind='stable')


def describe_thresholds(many: float, few: float) -> str:
    """Say what the groups are, as every output that shows them does.

    Args:
        many (float): Many-shot classes have more training samples.
        few (float): Few-shot classes have fewer.

    Returns:
        str: Such as ``many > 100 training samples, few < 20``.
    """
    return f'many > {many:g} training samples, few < {few:g}'


@dataclass(frozen=True)
class GroupAccuracy:
    """What is known about one group of classes.

    Attributes:
        accuracy (float | None): Unweighted mean of the accuracies of the
            group's classes that occur in the test set; None if none does.
        num_classes (int): Classes in the group, by training count.
        num_tested (int): Those of them that occur in the test set.
        num_samples (int): Test samples of the group.
    """

    accuracy: float | None
    num_classes: int
    num_tested: int
    num_samples: int


@dataclass(frozen=True)
class GroupedAccuracy:
    """Result of :func:`grouped_accuracy`; every accuracy lies in [0, 1].

    Attributes:
        overall (float): Top-1 accuracy over samples.
        topk (dict[int, float]): Top-k accuracy over samples for the k > 1
            that were asked for and are smaller than the number of classes.
        mean_class (float): Unweighted mean over the classes in the test set.
        groups (dict[str, GroupAccuracy]): By group name, in the order many,
            medium, few; empty when the training counts are unknown.
        per_class (np.ndarray): Accuracy per class, ``(K,)``, NaN for a class
            that is not in the test set.
        support (np.ndarray): Test samples per class, ``(K,)``.
    """

    overall: float
    topk: dict[int, float]
    mean_class: float
    groups: dict[str, GroupAccuracy]
    per_class: np.ndarray
    support: np.ndarray


def _check_scores(scores: np.ndarray) -> np.ndarray:
    """Require finite scores ``(S, K)``."""
    if scores.shape[1] == 0:
        raise ValueError(
            f'scores have shape {scores.shape}, expected at least one class'
        )
    bad = np.flatnonzero(~np.isfinite(scores).all(axis=1))
    if bad.size:
        raise ValueError(
            f'scores of sample {bad[0]} are not finite '
            f'({bad.size} of {len(scores)} samples are affected)'
        )
    return scores


def check_classes(
    values: np.ndarray, num_classes: int, name: str, num_samples: int
) -> np.ndarray:
    """Require ``num_samples`` integers in ``[0, num_classes)``."""
    if values.shape != (num_samples,):
        raise ValueError(
            f'{name} have shape {values.shape}, expected '
            f'({num_samples},) to match the scores'
        )
    if not np.issubdtype(values.dtype, np.integer):
        raise TypeError(f'{name} must be integers, got {values.dtype}')
    bad = np.flatnonzero((values < 0) | (values >= num_classes))
    if bad.size:
        raise ValueError(
            f'{name}[{bad[0]}] is {values[bad[0]]}, expected a '
            f'class in 0..{num_classes - 1}'
        )
    return values


def _ranks(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Position ``(S,)`` of the true class in each sample's ranking.

    Of equal scores the lower class comes first, as ``argmax`` has it.
    """
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    before = np.arange(scores.shape[1]) < labels[:, None]
    return ((scores > own) | ((scores == own) & before)).sum(axis=1)


def _group(
    per_class: np.ndarray, support: np.ndarray, members: np.ndarray
) -> GroupAccuracy:
    tested = members & (support > 0)
    return GroupAccuracy(
        accuracy=float(per_class[tested].mean()) if tested.any() else None,
        num_classes=int(members.sum()),
        num_tested=int(tested.sum()),
        num_samples=int(support[members].sum()),
    )


def _check_samples(scores: np.ndarray) -> np.ndarray:
    scores = np.asarray(scores)
    if scores.ndim not in (1, 2) or len(scores) == 0:
        raise ValueError(
            'scores must be (samples, classes) or predictions '
            f'(samples,) of >= 1 sample, got {scores.shape}'
        )
    return scores


def _num_classes(
    scores: np.ndarray, counts: np.ndarray | None, num_classes: int | None
) -> int:
    """Agree on K among the scores, the argument and the counts."""
    known = scores.shape[1] if scores.ndim == 2 else num_classes
    if known is None and counts is not None:
        known = counts.size
    if known is None:
        raise ValueError(
            'predictions without scores need num_classes or class_counts'
        )
    if num_classes is not None and num_classes != known:
        raise ValueError(
            f'num_classes is {num_classes} where the scores '
            f'have {known} classes'
        )
    return known


def _true_ranks(
    scores: np.ndarray, labels: np.ndarray, num_classes: int
) -> np.ndarray:
    """Rank of the true class ``(S,)``; for predictions 0 or 1."""
    check_classes(labels, num_classes, 'labels', len(scores))
    if scores.ndim == 2:
        return _ranks(_check_scores(scores), labels)
    check_classes(scores, num_classes, 'predictions', len(labels))
    return (scores != labels).astype(np.int64)


def grouped_accuracy(
    scores: np.ndarray,
    labels: Sequence[int] | np.ndarray,
    class_counts: Sequence[float] | np.ndarray | None = None,
    *,
    num_classes: int | None = None,
    many: float = 100,
    few: float = 20,
    topk: Sequence[int] = (1, 5),
) -> GroupedAccuracy:
    """Accuracy over samples, over classes, and over groups of classes.

    Groups follow the training counts (:func:`class_groups`); a group's
    accuracy is the unweighted mean over its classes in the test set.

    Args:
        scores (np.ndarray): Scores ``(S, K)``, or predicted classes ``(S,)``.
        labels (Sequence[int] | np.ndarray): True classes, ``(S,)``.
        class_counts (Sequence[float] | np.ndarray, optional): Training
            samples of each class, ``(K,)``. Without them there are no groups.
            Defaults to None.
        num_classes (int, optional): K, needed for predicted classes without
            counts. Defaults to None.
        many (float): Many-shot classes have more samples than this.
            Defaults to 100.
        few (float): Few-shot classes have fewer samples than this.
            Defaults to 20.
        topk (Sequence[int]): The k of top-k accuracy. k = 1 is always
            ``overall``; a k >= K would be 1.0 for any scores and is left out,
            as is every k > 1 for predicted classes. Defaults to (1, 5).

    Returns:
        GroupedAccuracy: The accuracies, group sizes, and per-class figures.

    Raises:
        ValueError: If shapes disagree, there are no samples, a score is not
            finite, a label is out of range, or a threshold makes no sense.
        TypeError: If labels or predictions are not integers.
    """
    check_thresholds(many, few)
    if any(k < 1 for k in topk):
        raise ValueError(f'topk must hold integers >= 1, got {tuple(topk)}')
    scores, labels = _check_samples(scores), np.asarray(labels)
    counts = None if class_counts is None else check_class_counts(class_counts)
    total = _num_classes(scores, counts, num_classes)
    ranks = _true_ranks(scores, labels, total)
    groups = {}
    support = np.bincount(labels, minlength=total)
    hits = np.bincount(labels[ranks == 0], minlength=total)
    per_class = np.full(total, np.nan)
    np.divide(hits, support, out=per_class, where=support > 0)
    if counts is not None:
        check_class_counts(counts, total)
        names = class_groups(counts, many=many, few=few)
        groups = {g: _group(per_class, support, names == g) for g in GROUPS}
    ranked = scores.ndim == 2
    return GroupedAccuracy(
        overall=float((ranks == 0).mean()),
        topk={
            k: float((ranks < k).mean())
            for k in topk
            if ranked and 1 < k < total
        },
        mean_class=float(np.nanmean(per_class)),
        groups=groups,
        per_class=per_class,
        support=support,
    )


def accuracy_table(
    result: GroupedAccuracy, *, many: float = 100, few: float = 20
) -> str:
    """Lay out a result as a table that fits 80 columns.

    Args:
        result (GroupedAccuracy): What :func:`grouped_accuracy` returned.
        many (float): Threshold that the groups were made with.
            Defaults to 100.
        few (float): Threshold that the groups were made with.
            Defaults to 20.

    Returns:
        str: Lines of ASCII without trailing newline. Accuracies are in
        percent; a group without test samples shows a dash.
    """
    ranges = dict(
        many=f'> {many:g}', medium=f'{few:g} to {many:g}', few=f'< {few:g}'
    )
    rows = []
    for name, group in result.groups.items():
        tested, size = group.num_tested, group.num_classes
        rows.append(
            (
                name,
                ranges[name],
                str(size) if tested == size else f'{tested} of {size}',
                str(group.num_samples),
                _percent(group.accuracy),
            )
        )
    classes = str(int((result.support > 0).sum()))
    samples = str(int(result.support.sum()))
    rows.append(
        ('mean class', '', classes, samples, _percent(result.mean_class))
    )
    rows.append(('overall', '', classes, samples, _percent(result.overall)))
    for k, value in result.topk.items():
        rows.append(
            (f'overall top-{k}', '', classes, samples, _percent(value))
        )
    return _align([_HEADER, *rows], split=len(result.groups))


def _percent(value: float | None) -> str:
    return '-' if value is None else f'{100 * value:.2f} %'


def _align(rows: Sequence[tuple[str, ...]], split: int) -> str:
    """Pad the columns; rule off the header and the first ``split`` rows."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    rule = '  '.join('-' * width for width in widths)
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(w) for cell, w in zip(row[1:], widths[1:])]
        lines.append('  '.join(cells))
    if split:
        lines.insert(1 + split, rule)
    lines.insert(1, rule)
    return '\n'.join(lines)


def write_per_class(
    result: GroupedAccuracy,
    path: str | Path,
    *,
    class_counts: Sequence[float] | np.ndarray | None = None,
    classes: Sequence[str] | None = None,
    many: float = 100,
    few: float = 20,
) -> Path:
    """Write one CSV row per class, in whole or not at all.

    Args:
        result (GroupedAccuracy): What :func:`grouped_accuracy` returned.
        path (str | Path): File to write; missing folders are made.
        class_counts (Sequence[float] | np.ndarray, optional): Training
            samples of each class, ``(K,)``. Defaults to None, which leaves
            the count and the group empty.
        classes (Sequence[str], optional): Names of the classes. Defaults to
            None, which leaves the name empty.
        many (float): Threshold of the groups. Defaults to 100.
        few (float): Threshold of the groups. Defaults to 20.

    Returns:
        Path: The file. A class without test samples has an empty accuracy.
    """
    total = len(result.support)
    counts = (
        [''] * total
        if class_counts is None
        else [f'{n:.0f}' for n in np.asarray(class_counts, dtype=np.float64)]
    )
    groups = (
        [''] * total
        if class_counts is None
        else class_groups(class_counts, many=many, few=few)
    )
    names = [''] * total if classes is None else list(classes)
    scores = [
        f'{value:.6f}' if support else ''
        for value, support in zip(result.per_class, result.support)
    ]
    rows = zip(range(total), names, counts, groups, result.support, scores)
    path = Path(path)
    with whole_file(path) as scratch:
        with open(scratch, 'w', newline='', encoding='utf-8') as stream:
            writer = csv.writer(stream)
            writer.writerow(_COLUMNS)
            writer.writerows(rows)
    return path
