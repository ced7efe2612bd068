"""A random change of a whole 3D sample's size."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from ...arguments import Pair
from .keypoints import KeypointTransform, read_keypoint


@TRANSFORMS.register_module()
class RandomScale3D(KeypointTransform):
    """Multiply all frames and persons by one random factor.

    Required Keys:

        - keypoint

    Modified Keys:

        - keypoint

    Args:
        scale (Sequence[float]): Least and largest factor, both positive; the
            factor is uniform between them. Defaults to ``(0.9, 1.1)``.
        per_axis (bool): Whether x, y and z get a factor each. Defaults to
            False.

    Raises:
        ValueError: If scale is no ascending pair of positive numbers.
    """

    def __init__(
        self, scale: Pair = (0.9, 1.1), per_axis: bool = False
    ) -> None:
        self.scale = tuple(map(float, scale))
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(
                'scale must be an ascending pair of positive '
                f'numbers, got {scale!r}'
            )
        self.per_axis = per_axis

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Scale one sample.

        Args:
            results (dict): The result dict, keypoint (M, T, V, 3).

        Returns:
            dict: The result dict with the scaled keypoint, float32.

        Raises:
            ValueError: If the joints are not 3D.
        """
        keypoint = read_keypoint(results, channels=(3,))
        low, high = self.scale
        factor = np.random.uniform(low, high, size=3 if self.per_axis else 1)
        results['keypoint'] = (keypoint * factor).astype(np.float32)
        return results
