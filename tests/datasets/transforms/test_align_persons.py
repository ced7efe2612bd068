"""Each person in the axes of its own first frame, as InfoGCN has it."""

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation


def align(keypoint, **kwargs):
    transform = TRANSFORMS.build(dict(type='AlignPersons', **kwargs))
    results = dict(keypoint=keypoint, frame_dir='clip')
    return transform(results)['keypoint']


@pytest.fixture
def clip():
    """Two persons, three frames, 25 joints."""
    return np.random.default_rng(0).normal(size=(2, 3, 25, 3))


def test_a_body_by_hand():
    """Spine along y and hips in the plane of x and y: y and z change."""
    pose = np.arange(75.0).reshape(25, 3)
    pose[[0, 1, 12, 16]] = [[0, 0, 0], [0, 2, 0], [3, 1, 0], [1, 0, 0]]
    found = align(pose[None, None].repeat(2, 1))
    assert found.shape == (1, 2, 25, 3)
    np.testing.assert_allclose(found[0, 0], pose[:, [0, 2, 1]], atol=1e-12)
    np.testing.assert_array_equal(found[0, 1], found[0, 0])


def test_it_keeps_lengths_and_forgets_how_the_camera_stood(clip):
    found = align(clip)
    for person, before in zip(found, clip):
        spine = person[0, 1] - person[0, 0]
        hips = person[0, 12] - person[0, 16]
        np.testing.assert_allclose(spine[:2], 0, atol=1e-12)
        assert spine[2] > 0 and hips[0] > 0
        assert hips[1] == pytest.approx(0, abs=1e-12)
        # Between frames, too: all are turned alike.
        np.testing.assert_allclose(
            pdist(person.reshape(-1, 3)), pdist(before.reshape(-1, 3))
        )
    turn = Rotation.from_rotvec([0.3, -1.2, 2.0]).as_matrix()
    np.testing.assert_allclose(align(clip @ turn.T), found, atol=1e-12)


def test_a_person_is_turned_by_its_own_axes(clip):
    found = align(clip)
    for person in (0, 1):
        np.testing.assert_array_equal(align(clip[[person]])[0], found[person])


def test_a_person_without_axes_in_the_first_frame_is_gone(clip):
    late, thin = clip.copy(), clip.copy()
    late[1, 0] = 0
    thin[1, 0, 12] = thin[1, 0, 16]
    for keypoint in (late, thin):
        found = align(keypoint)
        assert not found[1].any()
        np.testing.assert_array_equal(found[0], align(clip)[0])


def test_other_joints_can_be_named(clip):
    order = np.roll(np.arange(25), 3)
    found = align(clip[:, :, order], spine=(3, 4), hips=(15, 19))
    np.testing.assert_array_equal(found, align(clip)[:, :, order])


def test_type_and_input_are_kept(clip):
    half = clip.astype(np.float32)
    before = half.copy()
    assert align(half).dtype == np.float32
    np.testing.assert_array_equal(half, before)


@pytest.mark.parametrize(
    'shape, message',
    [
        ((1, 2, 25, 2), "'clip': .* three dimensions, the clip has 2"),
        ((1, 2, 15, 3), r"'clip': .*hips=\(12, 16\)\) names joints beyond"),
    ],
)
def test_what_has_no_such_axes_is_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        align(np.ones(shape))
