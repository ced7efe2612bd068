"""The shared entry checks."""

from __future__ import annotations

import numpy as np

from shapmix_mm.datasets.transforms.keypoints import (
    present,
    read_keypoint,
    sample_name,
)


def test_sample_name_with_and_without():
    assert sample_name(dict(frame_dir='S1')) == "Sample 'S1'"
    assert 'without' in sample_name({})


def test_read_keypoint_gives_the_very_array():
    keypoint = np.ones((1, 2, 3, 2))
    assert read_keypoint(dict(keypoint=keypoint)) is keypoint


def test_present_is_any_nonzero_coordinate():
    keypoint = np.zeros((2, 3, 4, 3))
    keypoint[0, 1, 3, 2] = -1e-9
    want = [[False, True, False], [False, False, False]]
    np.testing.assert_array_equal(present(keypoint), want)
