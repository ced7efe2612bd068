"""Checks on skeleton samples, each naming the sample that fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..skeletons import Layout
from .cache.samples import CachedSamples
from .pose_file import heads, sample_name


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
        TypeError: If the keypoints are no numeric array.
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
        pose, frames = annotation['keypoint'], annotation['total_frames']
        if not isinstance(pose, np.ndarray) or pose.dtype.kind not in 'fiu':
            kind = getattr(pose, 'dtype', type(pose).__name__)
            raise TypeError(
                f'keypoint of {where} should be a numeric array, but is {kind}'
            )
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
            for key in ('keypoint', 'keypoint_score')
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
