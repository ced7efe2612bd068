"""Clips of a fixed length without resizing, for recipes of 300 frames."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from mmaction.registry import TRANSFORMS

from ...arguments import PositiveInt
from .keypoints import KeypointTransform, read_keypoint


@TRANSFORMS.register_module()
class PadFrames(KeypointTransform):
    """Bring a sample to a number of frames by adding to its end.

    Longer samples are cut. 2s-AGCN and what follows its preparation (MS-G3D,
    MST-GCN, Shift-GCN) play a sample again until 300 frames are full;
    EfficientGCN fills up with zeros.

    Required Keys:

        - keypoint
        - keypoint_score (optional)

    Modified Keys:

        - keypoint
        - keypoint_score (optional)
        - total_frames

    Added Keys:

        - clip_len
        - num_clips

    Args:
        clip_len (int): Number of frames T to give. Defaults to 300.
        mode (str): ``'repeat'`` or ``'zero'``. Defaults to ``'repeat'``.
    """

    def __init__(
        self,
        clip_len: PositiveInt = 300,
        mode: Literal['repeat', 'zero'] = 'repeat',
    ) -> None:
        self.clip_len = clip_len
        self.mode = mode

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pad or cut one sample.

        Args:
            results (dict): The result dict.

        Returns:
            dict: The result dict, keypoint (M, clip_len, V, C).
        """
        frames = read_keypoint(results).shape[1]
        for key in ('keypoint', 'keypoint_score'):
            if key not in results:
                continue
            values = results[key]
            if self.mode == 'repeat':
                order = np.arange(self.clip_len) % frames
                results[key] = values.take(order, axis=1)
            else:
                missing = max(self.clip_len - frames, 0)
                width = [(0, 0)] * values.ndim
                width[1] = (0, missing)
                results[key] = np.pad(values[:, : self.clip_len], width)
        results['total_frames'] = self.clip_len
        results['clip_len'] = self.clip_len
        results['num_clips'] = 1
        return results
