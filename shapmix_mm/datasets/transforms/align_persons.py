"""Alignment of each person to its own first frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from shapmix_mm.arguments import PairOfInts

from .keypoints import KeypointTransform, sample_name

__all__ = ['AlignPersons']


@TRANSFORMS.register_module()
class AlignPersons(KeypointTransform):
    """Express each person's joints in the axes of its first frame.

    As InfoGCN (Chi et al., CVPR 2022) prepares NTU RGB+D: the third axis is
    the spine, the first the line from hip to hip made perpendicular to it,
    the second their vector product, first times third, so that the axes are
    left-handed; the origin stays. Unlike with :class:`AlignSkeleton`, each
    person has axes of its own, and one that is missing in the first frame, or
    whose joints there tell no axes, becomes all zeros.

    Required Keys:

        - keypoint

    Modified Keys:

        - keypoint

    Args:
        spine (tuple[int, int]): Lower and upper joint of the spine. Defaults
            to (0, 1), base and middle in Kinect v2's order.
        hips (tuple[int, int]): Left and right hip. Defaults to (12, 16).
    """

    def __init__(
        self, spine: PairOfInts = (0, 1), hips: PairOfInts = (12, 16)
    ) -> None:
        self.spine = tuple(spine)
        self.hips = tuple(hips)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Align one sample.

        Args:
            results (dict): The result dict, keypoint (M, T, V, 3).

        Returns:
            dict: The result dict.

        Raises:
            ValueError: If the coordinates are not three, or a joint that
                tells an axis is none of the clip's.
        """
        keypoint = results['keypoint']
        if keypoint.shape[3] != 3:
            raise ValueError(
                f'{sample_name(results)}: AlignPersons turns bodies in three '
                f'dimensions, the clip has {keypoint.shape[3]}'
            )
        if max(*self.spine, *self.hips) >= keypoint.shape[2]:
            raise ValueError(
                f'{sample_name(results)}: AlignPersons(spine={self.spine}, '
                f'hips={self.hips}) names joints beyond the '
                f'{keypoint.shape[2]} of the clip'
            )
        axes = [self._axes(person[0]) for person in keypoint]
        turned = np.einsum('mtvc,mdc->mtvd', keypoint, np.stack(axes))
        results['keypoint'] = turned.astype(keypoint.dtype)
        return results

    def _axes(self, pose: np.ndarray) -> np.ndarray:
        """Axes as rows, (3, 3); zeros where there are none."""
        pose = pose.astype(np.float64)
        up = pose[self.spine[1]] - pose[self.spine[0]]
        height = np.linalg.norm(up)
        if height == 0:
            return np.zeros((3, 3))
        up /= height
        across = pose[self.hips[0]] - pose[self.hips[1]]
        across -= (across @ up) * up
        width = np.linalg.norm(across)
        if width == 0:
            return np.zeros((3, 3))
        across /= width
        return np.stack((across, np.cross(across, up), up))
