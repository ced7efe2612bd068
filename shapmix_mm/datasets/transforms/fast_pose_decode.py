"""Stock PoseDecode with fewer passes over the joints."""

from __future__ import annotations

import numpy as np
from mmaction.datasets.transforms import PoseDecode
from mmaction.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FastPoseDecode(PoseDecode):
    """Give what ``PoseDecode`` gives, bit for bit.

    Required Keys:

        - keypoint
        - total_frames (optional)
        - frame_inds (optional)
        - offset (optional)
        - keypoint_score (optional)

    Modified Keys:

        - keypoint
        - keypoint_score (optional)
    """

    @staticmethod
    def _load_kp(kp: np.ndarray, frame_inds: np.ndarray) -> np.ndarray:
        return _take_frames(kp, frame_inds)

    @staticmethod
    def _load_kpscore(
        kpscore: np.ndarray, frame_inds: np.ndarray
    ) -> np.ndarray:
        return _take_frames(kpscore, frame_inds)


def _take_frames(values: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """The frames in float32, cast before or after, whichever is less."""
    if values.shape[1] <= frames.size:
        values = values.astype(np.float32, copy=False)
    return values.take(frames, axis=1).astype(np.float32, copy=False)
