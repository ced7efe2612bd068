"""Clips of a fixed length, by hand."""

import numpy as np
import pytest

from shapmix_mm.datasets.transforms import PadFrames


def _sample(frames):
    pose = np.arange(frames, dtype=np.float32) + 1
    keypoint = np.tile(pose[None, :, None, None], (2, 1, 4, 3))
    return dict(keypoint=keypoint, keypoint_score=keypoint[..., 0])


@pytest.mark.parametrize(
    'frames, mode, expected',
    [
        (3, 'repeat', [1, 2, 3, 1, 2, 3, 1]),
        (3, 'zero', [1, 2, 3, 0, 0, 0, 0]),
        (9, 'repeat', [1, 2, 3, 4, 5, 6, 7]),
        (9, 'zero', [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_frames_repeat_or_end_in_zeros(frames, mode, expected):
    found = PadFrames(7, mode)(_sample(frames))
    for values in (found['keypoint'][..., 0], found['keypoint_score']):
        assert values.shape == (2, 7, 4)
        assert (values == np.array(expected)[:, None]).all()
    assert found['clip_len'] == found['total_frames'] == 7
