"""Bring a Kinect v1 sequence to the origin and to a common size."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from ...arguments import NonNegativeInt
from ...skeletons import get_layout
from ...skeletons.layout import LayoutLike
from .keypoints import KeypointTransform, present, read_keypoint, sample_name


@TRANSFORMS.register_module()
class KinectV1Normalize(KeypointTransform):
    """Centre a sequence on one joint and stretch each axis to [-1, 1].

    The normalisation of CTR-GCN's NW-UCLA protocol: the first frame's centre
    joint of the first person becomes the origin, then each axis is stretched
    by its least and largest value over the sequence. An axis that never
    changes becomes 0. Absent persons and frames stay zero and do not count.

    Required Keys:

        - keypoint

    Modified Keys:

        - keypoint

    Args:
        center (int): The joint that becomes the origin. Defaults to 1, the
            spine of Kinect v1.
        layout (str or dict or Layout): The joint layout. Defaults to
            ``'nw-ucla'``.
        stretch (bool): Whether to stretch the axes; without, metres remain.
            Defaults to True.

    Raises:
        ValueError: If the layout has no such joint.
    """

    def __init__(
        self,
        center: NonNegativeInt = 1,
        layout: LayoutLike = 'nw-ucla',
        *,
        stretch: bool = True,
    ) -> None:
        self.layout = get_layout(layout)
        self.center = center
        if self.center >= self.layout.num_joints:
            raise ValueError(
                f'center must be below {self.layout.num_joints}, '
                f'the joints of layout {self.layout.name!r}, got '
                f'{center}'
            )
        self.stretch = stretch

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Normalise one sample.

        Args:
            results (dict): The result dict, keypoint (M, T, V, 3), metres.

        Returns:
            dict: The result dict with the normalised keypoint, float32.

        Raises:
            ValueError: If the joints are not 3D, do not fit the layout, or
                nobody is present in any frame.
        """
        keypoint = read_keypoint(results, channels=(3,))
        where = sample_name(results)
        self.layout.check_joints(keypoint.shape[2], where)
        there = present(keypoint)
        if not there.any():
            raise ValueError(
                f'{where} has no valid frame: all joints of its '
                f'{keypoint.shape[1]} frames are zero'
            )
        person, frame = np.argwhere(there)[0]
        values = keypoint.astype(np.float64)
        values = values - values[person, frame, self.center]
        if self.stretch:
            values = _stretch(values, values[there].reshape(-1, 3))
        values[~there] = 0
        results['keypoint'] = values.astype(np.float32)
        return results


def _stretch(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    low, high = counted.min(axis=0), counted.max(axis=0)
    extent = high - low
    flat = extent == 0
    unit = (values - low) / np.where(flat, 1, extent) * 2 - 1
    return np.where(flat, 0, unit)
