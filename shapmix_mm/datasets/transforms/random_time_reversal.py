"""Play a clip backwards."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from shapmix_mm.arguments import Fraction

from .keypoints import KeypointTransform

__all__ = ['RandomTimeReversal']


@TRANSFORMS.register_module()
class RandomTimeReversal(KeypointTransform):
    """Reverse the frames of a clip with some probability.

    It belongs before the frames are sampled. The label stays, so that
    actions which differ in their direction alone (to sit down, to stand up)
    become one. Source: Liu et al., Balanced Representation Learning for
    Long-tailed Skeleton-based Action Recognition; none of its released
    configs uses it.

    Required Keys:

        - keypoint
        - keypoint_score (optional)

    Modified Keys:

        - keypoint
        - keypoint_score (optional)

    Args:
        prob (float): Probability of a reversal. Defaults to 0.5.
    """

    def __init__(self, prob: Fraction = 0.5) -> None:
        self.prob = prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Reverse a clip, or not.

        Args:
            results (dict): The result dict, keypoint (M, T, V, C).

        Returns:
            dict: The result dict.
        """
        if np.random.rand() < self.prob:
            for key in ('keypoint', 'keypoint_score'):
                if key in results:
                    backwards = results[key][:, ::-1]
                    results[key] = np.ascontiguousarray(backwards)
        return results
