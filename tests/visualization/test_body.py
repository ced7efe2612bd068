"""Bodies on paper: upright, left on the reader's right, never collapsed."""

import numpy as np
import pytest

from shapmix_mm.skeletons import BUILTIN_LAYOUTS, get_layout
from shapmix_mm.visualization.body import (
    find_sides,
    frontal_view,
    reference_body,
    sample_view,
    schematic_body,
)

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


BONES = [(1, 0), (2, 0), (3, 2), (4, 0), (5, 4), (6, 1), (7, 6), (8, 6)]
# Head 1, arms 2-3 and 4-5, hip 6 with two feet; nine joints.
NINE = dict(num_node=9, center=0, inward=[*BONES[:5], (6, 0), *BONES[6:]])
UNNAMED = dict(NINE, parts=[[0, 1, 6], [2, 3], [4, 5], [7], [8]])


def nine_joints():
    """A body with y up, its left at +x, that faces +z."""
    across = [0, 0, 0.4, 1, -0.4, -1, 0, 0.3, -0.3]
    up = [1, 1.6, 1, 0.8, 1, 0.7, 0, -1.2, -1.2]
    return np.stack([across, up, 0.1 * np.sin(np.arange(9))], axis=1)


@pytest.mark.parametrize(
    'told',
    [
        dict(pairs=[(2, 4), (3, 5), (7, 8)]),
        dict(
            joint_names=['neck', 'head', 'l_elbow', 'l_hand', 'r_elbow']
            + ['r_hand', 'hip', 'l_foot', 'r_foot']
        ),
        dict(
            joint_names=['Neck', 'Head', 'ElbowLeft', 'HandLeft', 'ElbowRight']
            + ['HandRight', 'Hip', 'LFoot', 'RFoot']
        ),
        dict(
            parts=dict(
                trunk=[0, 1, 6],
                left_arm=[2, 3],
                right_arm=[4, 5],
                left_leg=[7],
                right_leg=[8],
            )
        ),
    ],
)
@pytest.mark.parametrize('turn', [0, 90, 180, 250])
def test_sides_come_from_pairs_joint_names_or_part_names(told, turn):
    layout = get_layout(dict(UNNAMED, **told))
    sides = find_sides(layout)
    assert sorted(sides.left) == [2, 3, 7] and sides.named
    assert sorted(sides.right) == [4, 5, 8]
    cos, sin = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    turned = nine_joints() @ [[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]]
    seen = frontal_view(turned, layout).project(turned)
    assert seen[[2, 3, 7], 0].min() > 0 > seen[[4, 5, 8], 0].max()


@pytest.mark.parametrize('turn', [0, 90, 130])
def test_symmetric_bones_give_the_front_without_saying_which_side(turn):
    layout = get_layout(UNNAMED)
    sides = find_sides(layout)
    assert {tuple(sorted(s)) for s in sides[:2]} == {(2, 3, 7), (4, 5, 8)}
    assert not sides.named
    cos, sin = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    turned = nine_joints() @ [[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]]
    seen = frontal_view(turned, layout).project(turned)
    # Both hands are seen, apart by nearly their whole distance.
    assert abs(seen[3, 0] - seen[5, 0]) == pytest.approx(2, abs=0.1)


def test_without_any_symmetry_the_view_hides_no_part():
    """Five alike limbs, one behind another where the axes are as they are."""
    layout = get_layout(
        dict(
            num_node=6,
            center=0,
            inward=[(j, 0) for j in range(1, 6)],
            parts=[[j] for j in range(6)],
        )
    )
    assert find_sides(layout) is None
    # A flat star in the plane x = 0, along which the x-y view sees a line.
    angles = 2 * np.pi * np.arange(5) / 5
    tips = np.stack([0 * angles, 2 * np.cos(angles), np.sin(angles)], axis=1)
    pose = np.concatenate([np.zeros((1, 3)), tips])
    seen = frontal_view(pose, layout).project(pose)
    apart = np.linalg.norm(seen[:, None] - seen, axis=2) + 9 * np.eye(6)
    true = np.linalg.norm(pose[:, None] - pose, axis=2) + 9 * np.eye(6)
    assert apart.min() == pytest.approx(true.min(), rel=0.01)
