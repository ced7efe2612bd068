"""FastFormatGCNInput against stock."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from mmaction.datasets.transforms import FormatGCNInput

from shapmix_mm.datasets.transforms import FastFormatGCNInput


@pytest.mark.parametrize('mode', ['zero', 'loop'])
@pytest.mark.parametrize('num_person', [1, 2, 3])
def test_equals_stock(compare, num_person, mode):
    fast = FastFormatGCNInput(num_person, mode)
    stock = FormatGCNInput(num_person, mode)
    rng = np.random.RandomState(0)
    for persons, clips, dims, score, dtype in itertools.product(
        range(4), (None, 1, 2, 5), (2, 3), (False, True), ('f2', 'f4', 'f8')
    ):
        pose = rng.randn(persons, 10, 17, dims).astype(dtype)
        sample = dict(frame_dir='S1', keypoint=pose)
        if clips is not None:
            sample['num_clips'] = clips
        if score:
            sample['keypoint_score'] = pose[..., 0].astype(np.float32)
        compare(fast, stock, sample)


def test_output_is_contiguous():
    pose = np.ones((3, 4, 25, 6))[..., ::2]
    got = FastFormatGCNInput()(dict(keypoint=pose, num_clips=2))['keypoint']
    assert got.shape == (2, 2, 2, 25, 3) and got.flags.c_contiguous


def test_frames_that_do_not_divide_are_refused(compare):
    sample = dict(frame_dir='S1', keypoint=np.ones((1, 7, 25, 3)), num_clips=2)
    with pytest.raises(ValueError, match="'S1': 7 frames .* 2 clips"):
        FastFormatGCNInput()(dict(sample))
    assert compare(FastFormatGCNInput(), FormatGCNInput(), sample) is None
