"""RandomRotation3D against scipy's rotations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from shapmix_mm.datasets.transforms import RandomRotation3D


def sample(seed=0):
    keypoint = np.random.RandomState(seed).randn(2, 6, 20, 3)
    return dict(frame_dir='S1', keypoint=keypoint.astype(np.float32))


@pytest.mark.parametrize('order', ['xyz', 'yxz', 'zyx'])
def test_equals_scipy(order):
    results = sample()
    np.random.seed(5)
    angles = np.random.uniform(-1, 1, size=3) * [0.3, 1.0, 2.0]
    np.random.seed(5)
    out = RandomRotation3D((0.3, 1.0, 2.0), order)(dict(results))['keypoint']
    turn = Rotation.from_euler(order, angles[['xyz'.index(a) for a in order]])
    want = turn.apply(results['keypoint'].reshape(-1, 3)).reshape(out.shape)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, want, atol=1e-5)


def test_the_order_matters():
    outs = []
    for order in ('xyz', 'yxz'):
        np.random.seed(1)
        outs.append(RandomRotation3D(1.0, order)(sample())['keypoint'])
    assert abs(outs[0] - outs[1]).max() > 0.1


def fitted_angles(transform, times=600):
    basis = np.eye(3, dtype=np.float32)[None, None]
    np.random.seed(0)
    # Row i of the output is the turned i-th axis, so it is the transpose.
    turns = [
        transform(dict(keypoint=basis))['keypoint'][0, 0].T
        for _ in range(times)
    ]
    return Rotation.from_matrix(np.array(turns)).as_euler('xyz')


def test_angles_fill_their_ranges_and_no_more():
    angles = fitted_angles(RandomRotation3D((0.3, 0.6, 0.0)))
    assert abs(angles[:, :2]).max(0) == pytest.approx([0.3, 0.6], rel=0.02)
    assert abs(angles).max(0)[2] < 1e-6
    spread = angles[:, :2] / [0.3, 0.6]
    assert abs(spread.mean(0)).max() < 0.1
    assert spread.std(0) == pytest.approx([3**-0.5] * 2, rel=0.06)
    assert abs(np.corrcoef(spread.T)[0, 1]) < 0.1


def test_lengths_are_kept_and_zero_stays_zero():
    results = sample()
    results['keypoint'][1] = 0
    results['keypoint'][0, :, 7] = 0
    want = np.linalg.norm(results['keypoint'], axis=-1)
    out = RandomRotation3D(3.0)(results)['keypoint']
    np.testing.assert_allclose(np.linalg.norm(out, axis=-1), want, atol=1e-5)
    assert not out[1].any() and not out[0, :, 7].any()


def test_no_angle_is_the_identity():
    results = sample()
    out = RandomRotation3D(0)(dict(results))['keypoint']
    np.testing.assert_array_equal(out, results['keypoint'])


def test_the_same_seed_gives_the_same_and_the_input_is_kept():
    results = sample()
    before = results['keypoint'].copy()
    outs = []
    for seed in (3, 3, 4):
        np.random.seed(seed)
        outs.append(RandomRotation3D()(dict(results))['keypoint'])
    np.testing.assert_array_equal(outs[0], outs[1])
    assert not np.array_equal(outs[0], outs[2])
    np.testing.assert_array_equal(results['keypoint'], before)


def test_2d_joints_are_refused():
    with pytest.raises(ValueError, match=r"'S1'.*C = 3, got \(1, 2, 17, 2\)"):
        RandomRotation3D()(
            dict(frame_dir='S1', keypoint=np.ones((1, 2, 17, 2)))
        )


@pytest.mark.parametrize(
    'kwargs, error, word',
    [
        (dict(theta=-0.1), ValueError, 'theta'),
        (dict(theta=(0.1, 0.2)), ValueError, 'theta'),
        (dict(theta=float('inf')), ValueError, 'theta'),
        (dict(theta='0.3'), TypeError, 'theta'),
        (dict(theta=(0.1, None, 0)), TypeError, 'theta'),
        (dict(order='xy'), ValueError, 'order'),
        (dict(order='xxz'), ValueError, 'order'),
    ],
)
def test_bad_arguments_are_named(kwargs, error, word):
    with pytest.raises(error, match=word):
        RandomRotation3D(**kwargs)
