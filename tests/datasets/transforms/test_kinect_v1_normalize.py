"""KinectV1Normalize against a loop over axes, and its invariances."""

from __future__ import annotations

import numpy as np
import pytest

from shapmix_mm.datasets.transforms import (
    KinectV1Normalize,
    RandomRotation3D,
    RandomScale3D,
)


def sample(frames=30, persons=1, seed=0):
    keypoint = np.random.RandomState(seed).randn(persons, frames, 20, 3)
    return dict(frame_dir='S1', keypoint=(keypoint + 2).astype(np.float32))


def normalize(results, **kwargs):
    return KinectV1Normalize(**kwargs)(dict(results))['keypoint']


def test_one_person_by_a_loop_over_axes():
    results = sample()
    want = results['keypoint'].astype(float)
    for axis in range(3):
        line = want[..., axis] - want[0, 0, 1, axis]
        low, high = line.min(), line.max()
        want[..., axis] = 2 * (line - low) / (high - low) - 1
    out = normalize(results)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, want, atol=1e-6)
    assert out.min((0, 1, 2)) == pytest.approx([-1] * 3)
    assert out.max((0, 1, 2)) == pytest.approx([1] * 3)


def test_without_stretching_it_only_moves():
    results = sample()
    out = normalize(results, stretch=False, center=5)
    want = results['keypoint'] - results['keypoint'][0, 0, 5]
    np.testing.assert_allclose(out, want, atol=1e-6)
    assert not out[0, 0, 5].any()


def test_a_constant_axis_becomes_zero():
    results = sample()
    results['keypoint'][..., 1] = 1.7
    out = normalize(results)
    assert not out[..., 1].any() and np.isfinite(out).all()


def test_one_frame_works():
    out = normalize(sample(frames=1))
    assert out.shape == (1, 1, 20, 3)
    assert out.max((0, 1, 2)) == pytest.approx([1] * 3)


def test_absent_persons_and_frames_stay_zero_and_do_not_count():
    results = sample(persons=2)
    results['keypoint'] += 20
    alone = dict(keypoint=results['keypoint'][:1, 2:].copy())
    results['keypoint'][1] = 0
    results['keypoint'][:, :2] = 0
    out = normalize(results)
    assert not out[1].any() and not out[:, :2].any()
    np.testing.assert_allclose(out[:1, 2:], normalize(alone), atol=1e-5)


def test_an_absent_first_person_leaves_the_origin_to_the_next():
    results = sample(persons=2)
    results['keypoint'][0] = 0
    out = normalize(results, stretch=False)
    assert not out[0].any() and not out[1, 0, 1].any()


def test_size_and_place_do_not_matter():
    results = sample()
    moved = dict(keypoint=results['keypoint'] * 3 + [5, -2, 8])
    np.testing.assert_allclose(normalize(moved), normalize(results), atol=1e-5)


def test_the_view_augmentation_may_come_before_centring():
    # The protocol centres, turns, scales and stretches, in this order.
    results = sample()
    turn = RandomRotation3D((1.0472, 1.0472, 0), order='yxz')
    scale = RandomScale3D((0.5, 1.5))
    outs = []
    for first in (False, True):
        step = dict(results)
        if first:
            step = KinectV1Normalize(stretch=False)(step)
        np.random.seed(0)
        outs.append(normalize(scale(turn(step))))
    np.testing.assert_allclose(outs[0], outs[1], atol=1e-5)


def test_the_input_is_kept():
    results = sample()
    before = results['keypoint'].copy()
    normalize(results)
    np.testing.assert_array_equal(results['keypoint'], before)


def test_bad_samples_are_named():
    empty = dict(frame_dir='S1', keypoint=np.zeros((1, 4, 20, 3)))
    with pytest.raises(ValueError, match="'S1' has no valid frame"):
        normalize(empty)
    other = dict(frame_dir='S1', keypoint=np.ones((1, 4, 25, 3)))
    with pytest.raises(ValueError, match="'S1' has 25 joints.*'nw-ucla' has"):
        normalize(other)
    flat = dict(frame_dir='S1', keypoint=np.ones((1, 4, 20, 2)))
    with pytest.raises(ValueError, match="'S1'.*C = 3"):
        normalize(flat)


@pytest.mark.parametrize(
    'kwargs, error, word',
    [
        (dict(center=20), ValueError, 'center'),
        (dict(center=-1), ValueError, 'center'),
        (dict(center=1.0), TypeError, 'center'),
        (dict(stretch=None), TypeError, 'stretch'),
        (dict(layout='kinect'), KeyError, 'kinect'),
    ],
)
def test_bad_arguments_are_named(kwargs, error, word):
    with pytest.raises(error, match=word):
        KinectV1Normalize(**kwargs)
