"""The shared entry checks."""

from __future__ import annotations

import numpy as np
import pytest

from shapmix_mm.datasets.transforms.keypoint_checks import (
    check_count,
    check_floats,
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


def test_check_count_takes_numpy_integers():
    assert check_count(np.int64(3), 'n') == 3
    with pytest.raises(ValueError, match='n must be at least 2, got 1'):
        check_count(1, 'n', least=2)


def test_check_floats_takes_lists_and_arrays():
    assert check_floats([1, 0.5], 'x') == (1.0, 0.5)
    assert check_floats(np.array([1.5]), 'x') == (1.5,)
    with pytest.raises(TypeError, match='x must be'):
        check_floats(1.5, 'x')
