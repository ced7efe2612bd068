"""RandomScale3D: one factor, or one for each axis."""

from __future__ import annotations

import numpy as np
import pytest

from shapmix_mm.datasets.transforms import RandomScale3D


def factors(transform, times=500):
    """The factor of each joint and axis, draw by draw."""
    np.random.seed(0)
    keypoint = np.full((2, 3, 4, 3), 2, np.float32)
    drawn = [
        transform(dict(keypoint=keypoint))['keypoint'] / 2
        for _ in range(times)
    ]
    return np.array(drawn)


def test_one_factor_for_the_whole_sample():
    drawn = factors(RandomScale3D((0.5, 1.5))).reshape(500, -1)
    assert drawn.dtype == np.float32
    assert (drawn == drawn[:, :1]).all()
    assert 0.5 <= drawn.min() < 0.51 and 1.49 < drawn.max() <= 1.5
    assert drawn[:, 0].mean() == pytest.approx(1, abs=0.03)
    assert drawn[:, 0].std() == pytest.approx(12**-0.5, rel=0.06)


def test_one_factor_for_each_axis():
    drawn = factors(RandomScale3D((0.5, 1.5), True)).reshape(500, -1, 3)
    assert (drawn == drawn[:, :1]).all()
    mixed = np.corrcoef(drawn[:, 0].T) - np.eye(3)
    assert abs(mixed).max() < 0.15


def test_zero_stays_zero_and_the_input_is_kept():
    keypoint = np.random.RandomState(0).rand(2, 3, 4, 3)
    keypoint[1] = 0
    before = keypoint.copy()
    out = RandomScale3D()(dict(keypoint=keypoint))['keypoint']
    assert not out[1].any() and out[0].all()
    np.testing.assert_array_equal(keypoint, before)


def test_the_same_seed_gives_the_same():
    first, again = (factors(RandomScale3D(), 5) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_2d_joints_are_refused():
    with pytest.raises(ValueError, match="'S1'.*C = 3"):
        RandomScale3D()(dict(frame_dir='S1', keypoint=np.ones((1, 2, 17, 2))))


@pytest.mark.parametrize(
    'kwargs, error, word',
    [
        (dict(scale=0.9), TypeError, 'scale'),
        (dict(scale=(0, 1)), ValueError, 'scale'),
        (dict(scale=(1.1, 0.9)), ValueError, 'scale'),
        (dict(scale=(0.9, 1, 1.1)), ValueError, 'scale'),
        (dict(per_axis=1), TypeError, 'per_axis'),
    ],
)
def test_bad_arguments_are_named(kwargs, error, word):
    with pytest.raises(error, match=word):
        RandomScale3D(**kwargs)
