"""Bodies on paper: upright, left on the reader's right, never collapsed."""

import numpy as np
import pytest

from shapmix_mm.skeletons import BUILTIN_LAYOUTS, get_layout, joint_to_bone
from shapmix_mm.visualization.body_plane import (
    bones_to_joints,
    frontal_view,
    reference_body,
    sample_view,
)
from shapmix_mm.visualization.schematic import schematic_body

LAYOUTS = sorted(BUILTIN_LAYOUTS)


def standing(layout, dims=3):
    """Pose with y up, x towards the person's left, some depth."""
    points = schematic_body(layout)
    depth = 0.1 * np.sin(np.arange(len(points)))[:, None]
    return np.concatenate([points, depth], axis=1)[:, :dims]


@pytest.mark.parametrize('name', LAYOUTS)
def test_a_schematic_body_stands_with_its_left_on_the_right(name):
    layout = get_layout(name)
    points = schematic_body(layout)
    assert len(np.unique(points.round(6), axis=0)) == layout.num_joints
    names = dict(zip(layout.part_names, layout.parts))
    for left, right in (('left_arm', 'right_arm'), ('left_leg', 'right_leg')):
        assert points[list(names[left]), 0].min() > 0
        assert points[list(names[right]), 0].max() < 0
    legs = [*names['left_leg'], *names['right_leg']]
    others = [j for j in range(layout.num_joints) if j not in legs]
    assert points[legs, 1].max() < points[others, 1].max()
    assert points[legs, 1].min() == points[:, 1].min()


@pytest.mark.parametrize('parts', range(3, 9))
def test_a_schematic_of_unknown_parts_spreads_around_the_centre(parts):
    layout = get_layout(
        dict(
            num_node=2 * parts - 1,
            center=0,
            inward=[
                (j, max(j - 2 * ((j + 1) % 2) + 1, 0) if j % 2 else j - 1)
                if j % 2 == 0
                else (j, 0)
                for j in range(1, 2 * parts - 1)
            ],
            parts=[[0], *[[2 * p - 1, 2 * p] for p in range(1, parts)]],
        )
    )
    points = schematic_body(layout)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert (apart + np.eye(len(points)) > 0.5).all()


@pytest.mark.parametrize(
    'turn',
    [
        np.eye(3),  # y up
        np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]),  # z up
        np.array([[1, 0, 0], [0, -1, 0], [0, 0, -1]]),  # y down
        np.array([[0.6, 0, 0.8], [0, 1, 0], [-0.8, 0, 0.6]]),  # turned
    ],
)
def test_a_pose_is_upright_from_the_front_whatever_the_axes(turn):
    layout = get_layout('nturgb+d')
    pose = standing(layout)
    projected = frontal_view(pose @ turn, layout).project(pose @ turn)
    np.testing.assert_allclose(projected[:, 1], pose[:, 1], atol=1e-9)
    # The depth of this pose tilts its left-right line by a little.
    np.testing.assert_allclose(projected[:, 0], pose[:, 0], atol=0.15)


@pytest.mark.parametrize('name', ['coco', 'openpose'])
def test_planar_coordinates_point_down(name):
    layout = get_layout(name)
    pose = standing(layout, dims=2) * (1, -1)
    body = reference_body(layout, np.c_[pose, np.ones(len(pose))])
    expected = reference_body(layout)
    np.testing.assert_allclose(body, expected, atol=1e-9)


def test_reference_body_is_centred_of_height_one_and_wide_enough():
    layout = get_layout('nw-ucla')
    pose = standing(layout) * (0.1, 3, 0.01)
    body = reference_body(layout, pose)
    np.testing.assert_allclose(body.max(0), [0.25, 0.5])
    np.testing.assert_allclose(body.min(0), [-0.25, -0.5])


@pytest.mark.parametrize('value', [0.0, 1.0, np.nan])
def test_a_collapsed_pose_gives_the_schematic(value):
    layout = get_layout('nw-ucla')
    np.testing.assert_array_equal(
        reference_body(layout, np.full((2, 20, 3), value)),
        reference_body(layout),
    )


@pytest.mark.parametrize('name', LAYOUTS)
def test_bones_put_end_to_end_give_the_joints_back(name):
    layout = get_layout(name)
    joints = np.random.default_rng(0).normal(size=(2, 3, layout.num_joints, 2))
    bones = joint_to_bone(joints, layout)
    root = [j for j, p in enumerate(layout.parents) if p == j]
    np.testing.assert_allclose(
        bones_to_joints(bones, layout), joints - joints[:, :, root], atol=1e-5
    )
    assert not bones_to_joints(np.zeros_like(bones), layout).any()


def test_two_persons_stand_side_by_side_one_is_seen_from_the_front():
    layout = get_layout('nturgb+d')
    one = standing(layout)
    # The second stands before the first, where the front would hide it.
    two = one * (-1, 1, -1) + (0, 0, 5)
    clip = np.stack([one, two])[:, None]
    points = sample_view(clip, layout).project(clip)
    gap = points[0, 0, :, 0].mean() - points[1, 0, :, 0].mean()
    assert abs(gap) == pytest.approx(5, rel=0.05)
    clip[1] = 0
    np.testing.assert_array_equal(
        sample_view(clip, layout).matrix, frontal_view(one, layout).matrix
    )
    with pytest.raises(ValueError, match='no person'):
        sample_view(np.zeros_like(clip), layout)
