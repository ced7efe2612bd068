"""What transforms of joints share: reading a sample, and who is there."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from ...skeletons import Layout


class KeypointTransform(BaseTransform):
    """A transform whose text is the call that builds it.

    An argument is shown that is an attribute of the same name.
    """

    def __repr__(self) -> str:
        shown = []
        for key in inspect.signature(type(self)).parameters:
            if key in vars(self):
                value = getattr(self, key)
                value = value.name if isinstance(value, Layout) else value
                shown.append(f'{key}={value!r}')
        return f'{type(self).__name__}({", ".join(shown)})'


def sample_name(results: dict[str, Any]) -> str:
    """What error messages call a sample.

    Args:
        results (dict): The result dict.

    Returns:
        str: For instance ``Sample 'S001C001P001R001A001'``.
    """
    return f'Sample {results.get("frame_dir", "without frame_dir")!r}'


def read_keypoint(
    results: dict[str, Any], *, channels: tuple[int, ...] = (2, 3)
) -> np.ndarray:
    """Take the joints out of a result dict, once they have been checked.

    Args:
        results (dict): The result dict.
        channels (tuple[int]): Allowed numbers of channels C. Defaults to
            ``(2, 3)``.

    Returns:
        np.ndarray: The very array of the dict, shape (M, T, V, C).

    Raises:
        KeyError: If there is no ``keypoint``.
        TypeError: If it is no array of numbers.
        ValueError: If its shape or ``keypoint_score``'s does not fit.
    """
    where = sample_name(results)
    if 'keypoint' not in results:
        raise KeyError(f"{where} has no key 'keypoint'")
    keypoint = results['keypoint']
    if not isinstance(keypoint, np.ndarray) or keypoint.dtype.kind not in 'fi':
        raise TypeError(
            f'{where}: keypoint must be a real numpy array, got '
            f'{getattr(keypoint, "dtype", type(keypoint))}'
        )
    if keypoint.ndim != 4 or keypoint.shape[-1] not in channels:
        wanted = ' or '.join(map(str, channels))
        raise ValueError(
            f'{where}: keypoint must have the shape (M, T, V, C) '
            f'with C = {wanted}, got {keypoint.shape}'
        )
    score = results.get('keypoint_score')
    if score is not None and score.shape != keypoint.shape[:-1]:
        raise ValueError(
            f'{where}: keypoint_score must have the shape '
            f'{keypoint.shape[:-1]}, got {score.shape}'
        )
    return keypoint


def present(keypoint: np.ndarray) -> np.ndarray:
    """In which frames each person is there, that is, not all zero.

    Args:
        keypoint (np.ndarray): Joints, shape (M, T, V, C).

    Returns:
        np.ndarray: Boolean, shape (M, T).
    """
    return np.asarray(keypoint.any(axis=(2, 3)))
