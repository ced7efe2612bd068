"""Stock UniformSampleFrames without loops over frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.datasets.transforms import UniformSampleFrames
from mmaction.registry import TRANSFORMS

from .keypoints import sample_name


@TRANSFORMS.register_module()
class FastUniformSampleFrames(UniformSampleFrames):
    """Give what ``UniformSampleFrames`` gives, from the same random draws.

    Stock looks through all joints for frames in which persons come and go,
    where it would not take a frame number with a fraction. Frame numbers
    have none, so nothing follows from it and it is left out.

    Required Keys:

        - total_frames
        - keypoint (optional)
        - start_index (optional)

    Added Keys:

        - frame_inds
        - frame_interval
        - num_clips
        - clip_len

    Args:
        clip_len (int): Frames of each clip.
        num_clips (int): Number of clips. Defaults to 1.
        test_mode (bool): Whether to seed numpy's generator first, so that
            every call draws the same. Defaults to False.
        seed (int): That seed. Defaults to 255.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Draw the frame numbers of one sample.

        Args:
            results (dict): The result dict.

        Returns:
            dict: The result dict, frame_inds (num_clips * clip_len, ) int32.

        Raises:
            IndexError: If start_index leads beyond the frames of keypoint.
            ValueError: If there is no frame, or keypoint has another number.
        """
        num = results['total_frames']
        keypoint = results.get('keypoint')
        if keypoint is not None and keypoint.shape[1] != num:
            raise ValueError(
                f'{sample_name(results)}: total_frames is {num}, but '
                f'keypoint has {keypoint.shape[1]} frames'
            )
        if self.test_mode:
            np.random.seed(self.seed)
        inds = np.concatenate(
            [self._draw(clip, num) for clip in range(self.num_clips)]
        )
        inds = inds % num + results.get('start_index', 0)
        if keypoint is not None:
            if not -num <= inds.min() <= inds.max() < num:
                raise IndexError(
                    f'{sample_name(results)}: frame {inds.max()} was drawn '
                    f'of {num}, counted from start_index '
                    f'{results.get("start_index", 0)}'
                )
        results['frame_inds'] = inds.astype(np.int32)
        results['clip_len'] = self.clip_len
        results['frame_interval'] = None
        results['num_clips'] = self.num_clips
        return results

    def _draw(self, clip: int, num: int) -> np.ndarray:
        length = self.clip_len
        if num < length:
            start = self._start(clip, num)
            return np.arange(start, start + length)
        if num < 2 * length:
            # What choice(length + 1, num - length, replace=False) draws.
            skipped = np.random.permutation(length + 1)[: num - length]
            step = np.ones(length + 1, dtype=np.int64)
            step[skipped] = 2
            return (np.cumsum(step) - 1)[:-1]
        bounds = np.arange(length + 1) * num // length
        return bounds[:-1] + np.random.randint(np.diff(bounds))

    def _start(self, clip: int, num: int) -> int:
        if not self.test_mode:
            return np.random.randint(0, num)
        return clip if num < self.num_clips else clip * num // self.num_clips
