"""Clips as the samples of a dataset, and where their frames end up."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from mmengine.dataset import Compose
from torch.utils.data import Dataset

from shapmix_mm.datasets.transforms.keypoints import present
from shapmix_mm.randomness import preserved_random_state

from .clip import Clip

__all__ = ['ClipSamples']

# They alone move frames to other places of the clip by themselves.
_MOVERS = ('CropResizeFrames', 'PadFrames')
_PICKERS = ('PoseDecode', 'FastPoseDecode')


class ClipSamples(Dataset):
    """Clips that pass through a pipeline as a PoseDataset's samples do.

    Args:
        clips (Sequence[Clip]): Clips in the model's order of joints.
        pipeline (Compose): The pipeline.

    Attributes:
        frames (dict[int, np.ndarray]): For each clip served, the frame of
            the clip, fractions among them, that each frame of its inputs
            shows; float64, shape (num_clips * T,). NaN where it shows none.
    """

    def __init__(self, clips: Sequence[Clip], pipeline: Compose) -> None:
        self.clips = clips
        self.pipeline = pipeline
        self.frames: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.clips)

    def get_data_info(self, index: int) -> dict[str, Any]:
        """What MMAction2's PoseDataset hands to its pipeline.

        Args:
            index (int): Index of the clip.

        Returns:
            dict: The annotation; a pipeline may change it.
        """
        annotation = self.clips[index].annotation
        return dict(
            annotation,
            keypoint=annotation['keypoint'].copy(),
            modality='Pose',
            start_index=0,
            sample_idx=index,
        )

    def __getitem__(self, index: int) -> dict[str, Any]:
        results = self.get_data_info(index)
        length = results['keypoint'].shape[1]
        trace = _trace(results['keypoint'])
        for step in self.pipeline.transforms:
            kind = type(step).__name__
            if kind in _MOVERS:
                with preserved_random_state():
                    trace = step(dict(keypoint=trace))['keypoint']
            elif kind in _PICKERS and 'frame_inds' in results:
                trace = trace[:, np.asarray(results['frame_inds'])]
            before = results.get('keypoint')
            results = step(results)
            trace = _without_empty(trace, before, results.get('keypoint'))
        clips, _, frames = results['inputs'].shape[:3]
        where = trace[0, :, 0, 0].astype(np.float64) - 1
        if len(where) != clips * frames:
            # A transform that this class does not know: a linear guess.
            where = (np.arange(clips * frames) % frames + 0.5) / frames
            where = where * length - 0.5
        self.frames[index] = np.where(where < 0, np.nan, where)
        return results


def _trace(keypoint: np.ndarray) -> np.ndarray:
    """A joint that holds the number of its frame from 1, (1, T, 1, 2)."""
    there = np.asarray(present(keypoint).any(0))
    numbers = np.arange(1.0, there.size + 1, dtype=np.float32) * there
    return np.repeat(numbers[None, :, None, None], 2, axis=3)


def _without_empty(trace: np.ndarray, before: Any, after: Any) -> np.ndarray:
    """Follow PreNormalize3D, which drops frames without the first person."""
    if before is None or after is None or len(before) != len(after):
        return trace
    if before.shape[1] != trace.shape[1] or after.shape[1] >= trace.shape[1]:
        return trace
    there = present(before)[0]
    return trace[:, there] if there.sum() == after.shape[1] else trace
