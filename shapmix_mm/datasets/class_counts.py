"""Labels and real samples per class, seen through dataset wrappers."""

from __future__ import annotations

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
    labels, _ = distinct_labels(dataset, num_classes)
    return np.bincount(labels, minlength=num_classes).tolist()


def distinct_labels(
    dataset: Any, num_classes: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Read the label of every distinct sample, once each.

    Args:
        dataset (Dataset): As for :func:`class_counts`.
        num_classes (int, optional): Number of classes K. Defaults to None:
            any label that is not negative.

    Returns:
        tuple[np.ndarray, np.ndarray]: Labels of the n distinct samples,
        int64, shape (n,), and which of them each index of the dataset
        gives, int64, shape (len(dataset),).

    Raises:
        TypeError: If a sample has several labels, or the dataset does not
            tell them.
        ValueError: If a label is out of range.
    """
    sources: list[Any] = []
    samples, inverse = np.unique(
        _samples(dataset, sources), axis=0, return_inverse=True
    )
    labels = [
        _label(sources[source], int(index), num_classes)
        for source, index in samples
    ]
    return np.array(labels, dtype=np.int64), inverse.reshape(-1)


def _samples(dataset: Any, sources: list[Any]) -> np.ndarray:
    """Source number and index in it of every index, shape (n, 2)."""
    if hasattr(dataset, 'full_init'):
        dataset.full_init()
    if isinstance(dataset, ConcatDataset):
        return np.concatenate([_samples(d, sources) for d in dataset.datasets])
    if isinstance(dataset, (Subset, RepeatDataset, ClassBalancedDataset)):
        inner = _samples(dataset.dataset, sources)
        if isinstance(dataset, RepeatDataset):
            return np.tile(inner, (dataset.times, 1))
        if isinstance(dataset, Subset):
            return inner[np.asarray(dataset.indices, dtype=np.int64)]
        return inner[np.asarray(dataset.repeat_indices, dtype=np.int64)]
    sources.append(dataset)
    index = np.arange(len(dataset))
    return np.stack((np.full_like(index, len(sources) - 1), index), axis=1)


def _label(dataset: Any, index: int, num_classes: int | None) -> int:
    """Read and check the label of one sample."""
    label = _raw_label(dataset, index)
    if isinstance(label, bool) or not isinstance(label, (int, np.integer)):
        raise TypeError(
            f'sample {index} of {type(dataset).__name__} should have one '
            f'integer label, but has {label!r}'
        )
    if num_classes is None and label < 0:
        raise ValueError(
            f'sample {index} of {type(dataset).__name__} has the negative '
            f'label {label}'
        )
    if num_classes is not None and not 0 <= label < num_classes:
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
