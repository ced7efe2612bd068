"""Several persons as one sequence, for a network of one person."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from .keypoints import KeypointTransform, present, read_keypoint, sample_name


@TRANSFORMS.register_module()
class MergePersons(KeypointTransform):
    """Play the persons of each frame one after the other.

    As SGN (Zhang et al., CVPR 2020) prepares its data: frame by frame each
    person who is there becomes a frame of its own; frames without anybody
    vanish.

    Required Keys:

        - keypoint
        - keypoint_score (optional)

    Modified Keys:

        - keypoint
        - keypoint_score (optional)
        - total_frames
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Merge the persons of one sample.

        Args:
            results (dict): The result dict.

        Returns:
            dict: The result dict, keypoint (1, T', V, C).

        Raises:
            ValueError: If nobody is present in any frame.
        """
        there = present(read_keypoint(results)).T
        if not there.any():
            raise ValueError(f'{sample_name(results)} has no valid frame')
        for key in ('keypoint', 'keypoint_score'):
            if key in results:
                by_frame = np.swapaxes(results[key], 0, 1)
                results[key] = by_frame[there][None]
        results['total_frames'] = int(there.sum())
        return results
