"""A random share of a sample's valid frames, resized in time to T frames."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from pydantic import Field
from typing_extensions import Annotated

from ...arguments import Chance, PositiveInt
from .keypoints import KeypointTransform, present, read_keypoint, sample_name

Shares = Annotated[Sequence[Chance], Field(min_length=1, max_length=2)]


@TRANSFORMS.register_module()
class CropResizeFrames(KeypointTransform):
    """Crop a window of the valid frames and resize it linearly in time.

    The temporal sampling of CTR-GCN's protocol. Frames in which nobody is
    present are dropped first. The resize weighs two neighbouring frames as
    ``torch.nn.functional.interpolate`` does with ``align_corners=False``.

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
        clip_len (int): Number of frames T to give. Defaults to 64.
        p_interval (Sequence[float]): Two shares between which the window's
            share of the valid frames is drawn, or a single one for a centred
            window without randomness. Defaults to ``(0.5, 1.0)``.
        min_frames (int): A drawn window has at least this many frames where
            the sample has them. The centred window knows no such floor, as
            in the protocol. Defaults to 64.

    Raises:
        ValueError: If the two shares do not ascend.
    """

    def __init__(
        self,
        clip_len: PositiveInt = 64,
        p_interval: Shares = (0.5, 1.0),
        *,
        min_frames: PositiveInt = 64,
    ) -> None:
        self.clip_len = clip_len
        self.min_frames = min_frames
        self.p_interval = tuple(map(float, p_interval))
        if self.p_interval[0] > self.p_interval[-1]:
            raise ValueError(f'p_interval must ascend, got {p_interval!r}')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Crop and resize one sample.

        Args:
            results (dict): The result dict.

        Returns:
            dict: The result dict, keypoint (M, clip_len, V, C) float32.

        Raises:
            ValueError: If nobody is present in any frame.
        """
        keypoint = read_keypoint(results)
        valid = np.flatnonzero(present(keypoint).any(axis=0))
        if not valid.size:
            raise ValueError(
                f'{sample_name(results)} has no valid frame: all '
                f'joints of its {keypoint.shape[1]} frames are '
                'zero'
            )
        start, stop = self._draw_window(valid.size)
        frames = valid[start:stop]
        for key in ('keypoint', 'keypoint_score'):
            if key in results:
                results[key] = _resize(results[key], frames, self.clip_len)
        results['total_frames'] = self.clip_len
        results['clip_len'] = self.clip_len
        results['num_clips'] = 1
        return results

    def _draw_window(self, num: int) -> tuple[int, int]:
        if len(self.p_interval) == 1:
            margin = int((1 - self.p_interval[0]) * num / 2)
            return margin, num - margin
        low, high = self.p_interval
        share = low + np.random.rand() * (high - low)
        length = min(max(int(num * share), self.min_frames), num)
        start = np.random.randint(num - length + 1)
        return start, start + length


def _resize(values: np.ndarray, frames: np.ndarray, length: int) -> np.ndarray:
    before, after, weight, rest = _neighbours(frames.size, length)
    shape = (-1, *(1,) * (values.ndim - 2))
    early, late = (
        values.take(frames[near], axis=1).astype(np.float32, copy=False)
        for near in (before, after)
    )
    early *= rest.reshape(shape)
    late *= weight.reshape(shape)
    early += late
    return early


@functools.lru_cache(maxsize=1024)
def _neighbours(
    num: int, length: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two frames out of num, and their weights, for each of length frames."""
    where = (np.arange(length) + 0.5) * num / length - 0.5
    where = where.clip(0, num - 1)
    before = where.astype(np.int64)
    after = np.minimum(before + 1, num - 1)
    weight = (where - before).astype(np.float32)
    return before, after, weight, 1 - weight
