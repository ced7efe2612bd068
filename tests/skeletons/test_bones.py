"""Bones against MMAction2's JointToBone and against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.datasets.transforms import JointToBone

from shapmix_mm.skeletons import (
    BUILTIN_LAYOUTS,
    bones_to_joints,
    get_layout,
    joint_to_bone,
)


@pytest.mark.parametrize(
    'name, channels',
    [
        ('nturgb+d', 3),
        ('nturgb+d', 2),
        ('coco', 2),
        ('coco', 3),
        ('openpose', 2),
        ('openpose', 3),
    ],
)
def test_equals_stock_joint_to_bone(name, channels):
    joints = get_layout(name).num_joints
    keypoint = np.random.RandomState(0).randn(2, 5, joints, channels)
    keypoint = keypoint.astype(np.float32)
    stock = JointToBone(name)(dict(keypoint=keypoint.copy()))['keypoint']
    ours = joint_to_bone(keypoint, name)
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, stock)


def test_nw_ucla_by_a_plain_loop():
    layout = get_layout('nw-ucla')
    keypoint = np.random.RandomState(1).randn(1, 4, 20, 3).astype(np.float32)
    want = np.zeros_like(keypoint)
    for child, parent in layout.bones:
        want[:, :, child] = keypoint[:, :, child] - keypoint[:, :, parent]
    np.testing.assert_array_equal(joint_to_bone(keypoint, layout), want)
    assert not joint_to_bone(keypoint, layout)[:, :, layout.center].any()


SPEC = dict(
    num_node=4,
    inward=[(1, 0), (2, 1), (3, 0)],
    center=0,
    parts=[[0, 1], [2], [3]],
)


def test_a_custom_layout_by_hand():
    keypoint = np.array([[1, 1, 5], [3, 1, 1], [7, 2, 3], [0, 0, 9]], float)
    want = [[0, 0, 0], [2, 0, -4], [4, 1, 2], [-1, -1, 4]]
    np.testing.assert_array_equal(joint_to_bone(keypoint, SPEC), want)
    for planar in (
        joint_to_bone(keypoint, SPEC, scored=True),
        joint_to_bone(keypoint, dict(SPEC, planar=True)),
    ):
        np.testing.assert_array_equal(planar[:, :2], np.array(want)[:, :2])
        np.testing.assert_array_equal(planar[:, 2], [5, 3, 2, 7])


def test_the_input_is_not_changed():
    keypoint = np.random.RandomState(2).randn(1, 3, 17, 3)
    before = keypoint.copy()
    joint_to_bone(keypoint, 'coco')
    np.testing.assert_array_equal(keypoint, before)


def test_half_precision_is_subtracted_in_single():
    keypoint = np.full((4, 2), 1000, np.float16)
    keypoint[1] = 1.001
    want = 1000 - np.float32(np.float16(1.001))
    bones = joint_to_bone(keypoint, SPEC)
    np.testing.assert_array_equal(bones[2], [want, want])


@pytest.mark.parametrize('shape', [(3,), (2, 17, 4), (17, 1)])
def test_wrong_channels_are_refused(shape):
    with pytest.raises(ValueError, match='2 or 3'):
        joint_to_bone(np.zeros(shape), 'coco')


def test_wrong_number_of_joints_is_refused():
    with pytest.raises(ValueError, match="25 joints where layout 'coco'"):
        joint_to_bone(np.zeros((1, 25, 3)), 'coco')


@pytest.mark.parametrize('name', sorted(BUILTIN_LAYOUTS))
def test_bones_put_end_to_end_give_the_joints_back(name):
    layout = get_layout(name)
    joints = np.random.default_rng(0).normal(size=(2, 3, layout.num_joints, 2))
    bones = joint_to_bone(joints, layout)
    root = [j for j, p in enumerate(layout.parents) if p == j]
    np.testing.assert_allclose(
        bones_to_joints(bones, layout), joints - joints[:, :, root], atol=1e-5
    )
    assert not bones_to_joints(np.zeros_like(bones), layout).any()
