"""FastPoseDecode against stock."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.datasets.transforms import PoseDecode

from shapmix_mm.datasets.transforms import FastPoseDecode


@pytest.mark.parametrize('score', [False, True])
@pytest.mark.parametrize(
    'frames, offset',
    [
        (None, None),
        ([3, 0, 0, 5], None),
        (list(range(9)) * 2, None),
        ([[1, 2], [3, -1]], None),
        ([[2]], None),
        (3, None),
        ([0, 1], 4),
        ([0, 1, 8], 4),
        ([0, -9], -2),
        ([], None),
        ([True, False] * 4 + [True], None),
        ([0.0, 1.0], None),
    ],
)
def test_equals_stock(compare, frames, offset, score):
    for dtype in ('f2', 'f4', 'f8', 'i4'):
        rng = np.random.RandomState(0)
        pose = (rng.randn(2, 9, 25, 3) * 5).astype(dtype)
        sample = dict(frame_dir='S1', keypoint=pose)
        if score:
            sample['keypoint_score'] = pose[..., 0]
        if frames is not None:
            sample['frame_inds'] = np.array(frames)
        if offset is not None:
            sample['offset'] = offset
        compare(FastPoseDecode(), PoseDecode(), sample)


@pytest.mark.parametrize('dtype', ['u1', 'i2', 'i4', 'u8'])
def test_any_whole_numbers(compare, dtype):
    sample = dict(
        frame_dir='S1',
        keypoint=np.random.RandomState(0).rand(2, 9, 25, 3),
        frame_inds=np.array([8, 0, 3], dtype),
    )
    assert compare(FastPoseDecode(), PoseDecode(), sample) is not None


def test_output_is_new_where_nothing_changes():
    pose = np.ones((1, 4, 25, 3), np.float32)
    got = FastPoseDecode()(dict(keypoint=pose, total_frames=4))
    assert not np.shares_memory(got['keypoint'], pose)
