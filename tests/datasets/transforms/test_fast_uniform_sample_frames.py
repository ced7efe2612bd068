"""FastUniformSampleFrames against stock: numbers and random draws."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.datasets.transforms import UniformSampleFrames

from shapmix_mm.datasets.transforms import FastUniformSampleFrames


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('clips', [1, 3, 10])
@pytest.mark.parametrize('length', [1, 8, 100])
def test_every_number_of_frames(compare, length, clips, test_mode):
    arguments = dict(clip_len=length, num_clips=clips, test_mode=test_mode)
    fast = FastUniformSampleFrames(**arguments)
    stock = UniformSampleFrames(**arguments)
    for frames in [*range(1, 40), 99, 100, 101, 150, 199, 200, 201, 333]:
        sample = dict(frame_dir='S1', total_frames=frames)
        got = compare(fast, stock, sample, seed=frames)
        assert len(got['frame_inds']) == length * clips


@pytest.mark.parametrize('test_mode', [False, True])
def test_samples_with_joints(draw_pose, compare, test_mode):
    arguments = dict(clip_len=20, test_mode=test_mode, seed=7)
    fast = FastUniformSampleFrames(**arguments)
    stock = UniformSampleFrames(**arguments)
    for number in range(300):
        compare(fast, stock, draw_pose(number), seed=number)


@pytest.mark.parametrize('start', [0, 1, 3, -2, 1 << 25])
@pytest.mark.parametrize('joints', [False, True])
def test_start_index(draw_pose, compare, start, joints):
    fast, stock = FastUniformSampleFrames(8), UniformSampleFrames(8)
    for number in range(60):
        sample = draw_pose(number)
        sample['start_index'] = start
        if not joints:
            del sample['keypoint']
        compare(fast, stock, sample, seed=number)


def test_numpy_number_of_frames(compare):
    sample = dict(frame_dir='S1', total_frames=np.int64(30))
    fast, stock = FastUniformSampleFrames(8), UniformSampleFrames(8)
    compare(fast, stock, sample)


@pytest.mark.parametrize(
    'change, error, words',
    [
        (dict(total_frames=7), ValueError, "'S1'.*total_frames is 7.*4 fr"),
        (dict(start_index=9), IndexError, "'S1'.*start_index 9"),
    ],
)
def test_bad_samples_are_named(change, error, words):
    sample = dict(
        frame_dir='S1', total_frames=4, keypoint=np.ones((1, 4, 25, 3))
    )
    with pytest.raises(error, match=words):
        FastUniformSampleFrames(8)({**sample, **change})


@pytest.mark.parametrize('test_mode', [False, True])
def test_no_frames_are_an_error(test_mode, compare):
    sample = dict(
        frame_dir='S1', total_frames=0, keypoint=np.ones((1, 0, 25, 3))
    )
    arguments = dict(clip_len=8, test_mode=test_mode)
    fast = FastUniformSampleFrames(**arguments)
    assert compare(fast, UniformSampleFrames(**arguments), sample) is None
