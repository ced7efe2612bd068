"""Checks on samples name the sample that fails."""

from __future__ import annotations

import numpy as np
import pytest

from shapmix_mm.datasets.pose_checks import (
    check_finite,
    check_labels,
    check_poses,
    invalid_samples,
)
from shapmix_mm.skeletons import get_layout


def sample(name='s0', frames=4, joints=25, **changes):
    pose = np.zeros((1, frames, joints, 3), np.float32)
    return {
        **dict(frame_dir=name, label=0, total_frames=frames, keypoint=pose),
        **changes,
    }


def test_good_samples_pass():
    good = [sample('a'), sample('b', frames=1)]
    check_labels(good, 1, 'x.pkl')
    check_poses(good, 'x.pkl', get_layout('nturgb+d'))
    check_finite(good, 'x.pkl')


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
    assert invalid_samples(samples) == [1]
    with pytest.raises(ValueError, match="'1' of x.pkl .*1 of 3.*drop_inv"):
        check_finite(samples, 'x.pkl')


def test_infinities_that_cancel_and_scores():
    samples = [sample(str(i)) for i in range(3)]
    samples[0]['keypoint'][0, 0, 0, :2] = np.inf, -np.inf
    samples[2]['keypoint_score'] = np.full((1, 4, 25), np.nan)
    assert invalid_samples(samples) == [0, 2]


def test_large_but_finite_values_pass():
    # Their sum overflows in half precision.
    pose = np.full((1, 4, 25, 3), 60000, np.float16)
    assert invalid_samples([sample(keypoint=pose)]) == []
