"""A random rotation of a whole 3D sample about the sensor's origin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from pydantic import Field
from typing_extensions import Annotated

from ...arguments import NonNegative
from .keypoints import KeypointTransform, read_keypoint

Angles = Annotated[Sequence[NonNegative], Field(min_length=3, max_length=3)]


@TRANSFORMS.register_module()
class RandomRotation3D(KeypointTransform):
    """Rotate all frames and persons by one random angle about each axis.

    The rotation is linear, so joints at zero (absent persons, missing joints)
    stay there. CTR-GCN's protocol is ``theta=0.3``; its view augmentation for
    NW-UCLA is ``theta=(pi / 3, pi / 3, 0)`` with ``order='yxz'``.

    Required Keys:

        - keypoint

    Modified Keys:

        - keypoint

    Args:
        theta (float or Sequence[float]): Largest angle in radians, for all
            axes or for x, y and z; angles are uniform in [-theta, theta].
            Defaults to 0.3.
        order (str): The axes in the order in which the rotations about them
            are applied. Defaults to ``'xyz'``.

    Raises:
        ValueError: If order does not name each axis once.
    """

    def __init__(
        self, theta: NonNegative | Angles = 0.3, order: str = 'xyz'
    ) -> None:
        each = theta if isinstance(theta, Sequence) else (theta,) * 3
        self.theta = tuple(map(float, each))
        if sorted(order) != ['x', 'y', 'z']:
            raise ValueError(
                f'order must name x, y and z once each, got {order!r}'
            )
        self.order = order

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Rotate one sample.

        Args:
            results (dict): The result dict, keypoint (M, T, V, 3).

        Returns:
            dict: The result dict with the rotated keypoint, float32.

        Raises:
            ValueError: If the joints are not 3D.
        """
        keypoint = read_keypoint(results, channels=(3,))
        angles = np.random.uniform(-1, 1, size=3) * self.theta
        matrix = self._matrix(angles)
        results['keypoint'] = (keypoint @ matrix.T).astype(np.float32)
        return results

    def _matrix(self, angles: np.ndarray) -> np.ndarray:
        total = np.eye(3)
        for axis in self.order:
            index = 'xyz'.index(axis)
            sin, cos = np.sin(angles[index]), np.cos(angles[index])
            # A right-handed turn carries the next axis to the one after it.
            one, two = (index + 1) % 3, (index + 2) % 3
            turn = np.eye(3)
            turn[one, one] = turn[two, two] = cos
            turn[one, two], turn[two, one] = -sin, sin
            total = turn @ total
        return total
