"""Checks on samples name the sample that fails."""

from __future__ import annotations

import numpy as np
import pytest

from shapmix_mm.datasets.pose_checks import (
    check_labels,
    check_poses,
    check_usable,
    invalid_samples,
    largest,
    odd_names,
)
from shapmix_mm.skeletons import get_layout


def sample(name='s0', frames=4, joints=25, **changes):
    pose = np.ones((1, frames, joints, 3), np.float32)
    return {
        **dict(frame_dir=name, label=0, total_frames=frames, keypoint=pose),
        **changes,
    }


def test_good_samples_pass():
    good = [sample('a'), sample('b', frames=1)]
    check_labels(good, 1, 'x.pkl')
    check_poses(good, 'x.pkl', get_layout('nturgb+d'))
    check_usable(good, 'x.pkl')


@pytest.mark.parametrize('label', [-1, 3])
def test_labels(label):
    with pytest.raises(ValueError, match=f"'bad' of x.pkl has label {label}"):
        check_labels([sample(), sample('bad', label=label)], 3, 'x.pkl')


@pytest.mark.parametrize(
    ('changes', 'error', 'message'),
    [
        (dict(total_frames=5), ValueError, 'total_frames 5, .* 4 frames'),
        (dict(joints=17), ValueError, '17 joints where .* 25'),
        (dict(keypoint=[[1]]), TypeError, 'numeric array, but is list'),
        (
            dict(keypoint=np.array([[[['a']]]])),
            TypeError,
            'numeric array, but is <U1',
        ),
        (
            dict(keypoint_score=None),
            TypeError,
            "^keypoint_score of sample 'bad' .* array, but is NoneType",
        ),
        (
            dict(keypoint_score=np.array(['a'])),
            TypeError,
            "^keypoint_score of sample 'bad' .* array, but is <U1",
        ),
        (
            dict(keypoint=np.zeros((4, 25, 3))),
            ValueError,
            r'\(M, T, V, C\), but has \(4, 25, 3\)',
        ),
        (dict(frames=0), ValueError, r'but has \(1, 0, 25, 3\)'),
        (dict(total_frames=4.0), TypeError, 'total_frames of .* is 4.0'),
        (dict(total_frames=True), TypeError, 'total_frames of .* is True'),
        (dict(total_frames='4'), TypeError, "total_frames of .* is '4'"),
        (
            dict(keypoint_score=np.ones((1, 4, 24))),
            ValueError,
            r'keypoint_score of .*\(1, 4, 24\), expected \(1, 4, 25\)',
        ),
    ],
)
def test_poses(changes, error, message):
    bad = sample('bad', **changes)
    with pytest.raises(error, match=message) as caught:
        check_poses([sample(), bad], 'x.pkl', get_layout('nturgb+d'))
    assert "'bad'" in str(caught.value)


@pytest.mark.parametrize('key', ['keypoint', 'total_frames'])
def test_missing_keys(key):
    bad = sample('bad')
    del bad[key]
    with pytest.raises(KeyError, match=f"'bad' of x.pkl lacks .*'{key}'"):
        check_poses([sample(), bad], 'x.pkl')


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
def test_not_finite(value, dtype):
    samples = [sample(str(i)) for i in range(3)]
    for entry in samples:
        entry['keypoint'] = entry['keypoint'].astype(dtype)
    samples[1]['keypoint'][0, 2, 3, 1] = value
    assert invalid_samples(samples) == {1: 'keypoint not finite'}
    with pytest.raises(ValueError, match="'1' of x.pkl: .*1 of 3.*drop_inv"):
        check_usable(samples, 'x.pkl')


def test_infinities_that_cancel_and_scores():
    samples = [sample(str(i)) for i in range(3)]
    samples[0]['keypoint'][0, 0, 0, :2] = np.inf, -np.inf
    samples[2]['keypoint_score'] = np.full((1, 4, 25), np.nan)
    assert list(invalid_samples(samples)) == [0, 2]


def test_large_but_finite_values_pass():
    # Their sum overflows in half precision.
    pose = np.full((1, 4, 25, 3), 60000, np.float16)
    assert invalid_samples([sample(keypoint=pose)]) == {}


@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.int32])
@pytest.mark.parametrize('value', [-3, 5, 0])
def test_the_largest_value_in_any_dtype(dtype, value):
    values = np.zeros((2, 3, 4), dtype)[:, ::2]
    values[1, 1, 2] = value
    assert largest(values) == abs(value)


def test_absurd_values_and_nobody():
    """1e30 gave an epoch of NaN, nobody a validation that failed."""
    samples = [sample(str(i)) for i in range(4)]
    samples[1]['keypoint'][0, 0, 0, 0] = -1e30
    samples[2]['keypoint'][:] = 0
    assert invalid_samples(samples) == {
        1: 'keypoint beyond 1e+06',
        2: 'keypoint zero throughout',
    }
    with pytest.raises(ValueError, match="'2' of x: .*zero thr.*1 of 2.*drop"):
        check_usable([samples[0], samples[2]], 'x')


@pytest.mark.parametrize(
    ('shape', 'told'),
    [
        ((1, 4, 25, 2), 'has 2 channels where most have 3'),
        ((1, 4, 17, 3), 'has 17 joints where most have 25'),
    ],
)
def test_one_sample_with_other_joints_or_channels(shape, told):
    """Joints that were missing were once filled with zeros."""
    samples = [sample(str(i)) for i in range(5)]
    samples[3]['keypoint'] = np.ones(shape)
    with pytest.raises(ValueError, match=f"sample '3' of x.pkl {told}"):
        check_poses(samples, 'x.pkl')
    samples[3]['keypoint'] = np.ones((2, 4, 25, 3))
    check_poses(samples, 'x.pkl')


def test_odd_names():
    splits = dict(a_train=['p', 'q'], a_val=['q', 'r', 'gone'], b=['p'])
    found = odd_names(['p', 'q', 'r', 'r'], splits, dict(a_val='a_train'))
    assert found == {
        'name used more than once': ['r'],
        'listed in a_val but not there': ['gone'],
        'in a_val and in a_train': ['q'],
    }
