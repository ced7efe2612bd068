"""Checks on skeleton samples, each naming the sample that fails."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..skeletons import Layout
from .cache.samples import NAME_KEYS, CachedSamples, heads, sample_name

# Far more classes than any set of actions has; what counts samples per class
# takes memory for each.
MAX_CLASSES = 1_000_000
POSE_KEYS = ('keypoint', 'keypoint_score')


def check_head(annotation: Any, index: int, path: str) -> None:
    """Refuse an annotation that is no dict with a name and one label.

    Args:
        annotation (Any): The annotation.
        index (int): Its place, for the message.
        path (str): Its file, for the message.

    Raises:
        KeyError: If name or label is missing.
        TypeError: If the annotation, its name or its label is of another
            kind.
        ValueError: If the label is far beyond any number of classes.
    """
    place = f'annotation {index} of {path}'
    if not isinstance(annotation, Mapping):
        raise TypeError(
            f'{place} should be a dict, but is a {type(annotation).__name__}'
        )
    names = [key for key in NAME_KEYS if key in annotation]
    if not names:
        raise KeyError(f"{place} lacks 'frame_dir'")
    for key in names:
        if not isinstance(annotation[key], str):
            raise TypeError(
                f'{key} of {place} should be text, the name of the sample, '
                f'but is {shown(annotation[key])}'
            )
    name = sample_name(annotation)
    if 'label' not in annotation:
        raise KeyError(
            f'sample {name!r} (annotation {index}) of {path} lacks the key '
            "'label'"
        )
    _check_label(annotation['label'], f'sample {name!r} of {path}')


def check_labels(
    annotations: Iterable[Mapping[str, Any]], num_classes: int, path: str
) -> None:
    """Refuse labels outside of ``0..num_classes - 1``.

    Args:
        annotations (Iterable[Mapping]): The samples to check.
        num_classes (int): Number of classes K.
        path (str): Their file, for the message.

    Raises:
        ValueError: If a label is out of range, with its sample.
    """
    for annotation in heads(annotations):
        if not 0 <= annotation['label'] < num_classes:
            raise ValueError(
                f'sample {sample_name(annotation)!r} of {path} has label '
                f'{annotation["label"]}, but with {num_classes} classes '
                f'labels lie in 0..{num_classes - 1}'
            )


def check_poses(
    annotations: Iterable[Mapping[str, Any]],
    path: str,
    layout: Layout | None = None,
) -> None:
    """Refuse samples whose skeletons a pipeline cannot take.

    Args:
        annotations (Iterable[Mapping]): The samples to check.
        path (str): Their file, for the message.
        layout (Layout, optional): Joint layout that they must fit. Defaults
            to None.

    Raises:
        KeyError: If ``keypoint`` or ``total_frames`` is missing.
        TypeError: If the keypoints, or their scores where there are any, are
            no numeric array.
        ValueError: If the keypoints are not of shape (M, T, V, C), have
            other frames than ``total_frames`` or other joints than the
            layout.
    """
    if isinstance(annotations, CachedSamples):
        # All but the layout was checked when the cache was made.
        annotations.check_poses(path, layout)
        return
    for annotation in annotations:
        where = f'sample {sample_name(annotation)!r} of {path}'
        for key in ('keypoint', 'total_frames'):
            if key not in annotation:
                raise KeyError(f'{where} lacks the key {key!r}')
        for key in POSE_KEYS:
            if key in annotation:
                _check_numbers(annotation[key], key, where)
        pose, frames = annotation['keypoint'], annotation['total_frames']
        if pose.ndim != 4 or 0 in pose.shape:
            raise ValueError(
                f'keypoint of {where} should have shape (M, T, V, C), but '
                f'has {pose.shape}'
            )
        if pose.shape[1] != frames:
            raise ValueError(
                f'{where} has total_frames {frames}, but its keypoint has '
                f'{pose.shape[1]} frames'
            )
        if layout is not None:
            layout.check_joints(pose.shape[2], where)


def invalid_samples(annotations: Sequence[Mapping[str, Any]]) -> list[int]:
    """Find the samples that have a coordinate or score that is not finite.

    Args:
        annotations (Sequence[Mapping]): Samples; those without keypoints
            count as valid.

    Returns:
        list[int]: Their indices.
    """
    if isinstance(annotations, CachedSamples):
        return annotations.invalid()
    return [
        index
        for index, annotation in enumerate(annotations)
        if not all(
            np.isfinite(annotation[key]).all()
            for key in POSE_KEYS
            if key in annotation
        )
    ]


def check_finite(annotations: Sequence[Mapping[str, Any]], path: str) -> None:
    """Refuse samples that have a coordinate or score that is not finite.

    Args:
        annotations (Sequence[Mapping]): The samples to check.
        path (str): Their file, for the message.

    Raises:
        ValueError: If there is such a sample, with the first and how many.
    """
    invalid = invalid_samples(annotations)
    if invalid:
        raise ValueError(
            f'sample {sample_name(annotations[invalid[0]])!r} of {path} has '
            f'coordinates that are not finite ({len(invalid)} of '
            f'{len(annotations)} samples do); drop_invalid=True drops them'
        )


def is_numbers(value: Any) -> bool:
    """Whether a value is an array that numbers can be read from.

    Args:
        value (Any): Value of ``keypoint`` or ``keypoint_score``.

    Returns:
        bool: True for a numpy array of floats or integers.
    """
    return isinstance(value, np.ndarray) and value.dtype.kind in 'fiu'


def shown(value: Any) -> str:
    """Write a value for a message, in one line however long it is.

    Args:
        value (Any): The value.

    Returns:
        str: Its beginning and its end, as Python writes it.
    """
    return ' '.join(reprlib.repr(value).split())


def _check_label(label: Any, where: str) -> None:
    """Check that a label is one integer that can be a class, or none."""
    if isinstance(label, bool) or not isinstance(label, (int, np.integer)):
        raise TypeError(
            f'{where} should have one integer label, but has {shown(label)}'
        )
    # Labels below zero stand for samples without a class.
    if not -MAX_CLASSES < label < MAX_CLASSES:
        raise ValueError(
            f'{where} has label {shown(int(label))}, which is no '
            f'number of a class: those lie in 0..{MAX_CLASSES - 1}'
        )


def _check_numbers(value: Any, key: str, where: str) -> None:
    """Check that a key of a sample holds a numeric array."""
    if not is_numbers(value):
        kind = getattr(value, 'dtype', type(value).__name__)
        raise TypeError(
            f'{key} of {where} should be a numeric array, but is {kind}'
        )
