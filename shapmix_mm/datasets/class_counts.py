"""Real training samples per class, seen through dataset wrappers."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset, ClassBalancedDataset, RepeatDataset
from torch.utils.data import ConcatDataset, Subset


def class_counts(dataset: Any, num_classes: int) -> list[int]:
    """Count the samples of every class without running the pipeline.

    A sample counts once however often a wrapper repeats it: a RepeatDataset
    and a ClassBalancedDataset have the counts of what they wrap, a
    ConcatDataset the sum of its parts, a Subset those of its distinct
    samples.

    Args:
        dataset (Dataset): A dataset with ``get_cat_ids`` or
            ``get_data_info``, or any nesting of these wrappers around it.
        num_classes (int): Number of classes K.

    Returns:
        list[int]: K counts; a class may have 0.

    Raises:
        TypeError: If a sample has several labels, or the dataset does not
            tell them.
        ValueError: If a label is out of range.
    """
    counts = [0] * num_classes
    _add(dataset, None, counts)
    return counts


def _add(
    dataset: Any, indices: Iterable[int] | None, counts: list[int]
) -> None:
    """Add the samples at indices (None for all) to the counts, each once."""
    if hasattr(dataset, 'full_init'):
        dataset.full_init()
    if isinstance(dataset, Subset):
        chosen = range(len(dataset)) if indices is None else indices
        _add(dataset.dataset, [dataset.indices[i] for i in chosen], counts)
    elif isinstance(dataset, RepeatDataset):
        length = len(dataset.dataset)
        inner = None if indices is None else [i % length for i in indices]
        _add(dataset.dataset, inner, counts)
    elif isinstance(dataset, ClassBalancedDataset):
        repeats = dataset.repeat_indices
        inner = None if indices is None else [repeats[i] for i in indices]
        _add(dataset.dataset, inner, counts)
    elif isinstance(dataset, ConcatDataset):
        _add_parts(dataset, indices, counts)
    else:
        size = len(dataset)
        chosen = range(size) if indices is None else indices
        for index in sorted({int(i) % size for i in chosen}):
            counts[_label(dataset, index, len(counts))] += 1


def _add_parts(
    dataset: ConcatDataset, indices: Iterable[int] | None, counts: list[int]
) -> None:
    """Share the indices of a concatenation out to its parts."""
    if indices is None:
        for part in dataset.datasets:
            _add(part, None, counts)
        return
    ends = dataset.cumulative_sizes
    shares: list[list[int]] = [[] for _ in ends]
    for index in indices:
        index = int(index) % ends[-1]
        place = bisect.bisect_right(ends, index)
        shares[place].append(index - (ends[place - 1] if place else 0))
    for part, share in zip(dataset.datasets, shares):
        _add(part, share, counts)


def _label(dataset: Any, index: int, num_classes: int) -> int:
    """Read and check the label of one sample."""
    label = _raw_label(dataset, index)
    if isinstance(label, bool) or not isinstance(label, (int, np.integer)):
        raise TypeError(
            f'sample {index} of {type(dataset).__name__} should have one '
            f'integer label, but has {label!r}'
        )
    if not 0 <= label < num_classes:
        raise ValueError(
            f'sample {index} of {type(dataset).__name__} has label {label}, '
            f'but with {num_classes} classes labels lie in '
            f'0..{num_classes - 1}'
        )
    return int(label)


def _raw_label(dataset: Any, index: int) -> Any:
    """Ask a dataset for the label of one sample."""
    method = getattr(type(dataset), 'get_cat_ids', None)
    if method is not None and method is not BaseDataset.get_cat_ids:
        labels = dataset.get_cat_ids(index)
        return labels[0] if len(labels) == 1 else labels
    if not hasattr(dataset, 'get_data_info'):
        raise TypeError(
            f'{type(dataset).__name__} tells no labels: class_counts needs '
            'get_data_info or get_cat_ids'
        )
    return dataset.get_data_info(index)['label']
