"""The demo body moves as a body does: bones, limits, directions, sides."""

import numpy as np
import pytest

from shapmix_mm.datasets.demo.body import (
    DOF_INDEX,
    DOFS,
    LIMITS,
    PARENTS,
    body_offsets,
    forward_kinematics,
    standing_height,
)
from shapmix_mm.skeletons import get_layout


def pose(**angles):
    """One frame of a standing body with some angles set."""
    row = np.zeros((1, len(DOFS)))
    for name, value in angles.items():
        row[0, DOF_INDEX[name]] = value
    return forward_kinematics(body_offsets(), row)[0]


def direction(points, start, end):
    vector = points[end] - points[start]
    return vector / np.linalg.norm(vector)


def random_angles(scale=1.0):
    rng = np.random.default_rng(0)
    return rng.uniform(
        scale * LIMITS[:, 0], scale * LIMITS[:, 1], (50, len(DOFS))
    )


def test_bones_are_those_of_the_layout():
    tree = {frozenset(pair) for pair in enumerate(PARENTS) if pair[1] >= 0}
    assert tree == {frozenset(b) for b in get_layout('nturgb+d').bones}


@pytest.mark.parametrize('scale', [1, 3])
def test_bone_lengths_do_not_change(scale):
    offsets = body_offsets(1.83, arm=1.05, leg=0.95)
    points = forward_kinematics(offsets, random_angles(scale))
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            length = np.linalg.norm(
                points[:, joint] - points[:, parent], axis=-1
            )
            np.testing.assert_allclose(
                length, np.linalg.norm(offsets[joint]), atol=1e-9
            )


@pytest.mark.parametrize('wanted', [-1e3, 1e3])
@pytest.mark.parametrize('dof', DOFS, ids=lambda dof: dof.name)
def test_limits_hold(dof, wanted):
    limit = dof.low if wanted < 0 else dof.high
    np.testing.assert_allclose(
        pose(**{dof.name: wanted}), pose(**{dof.name: limit})
    )


@pytest.mark.parametrize(('bend', 'opening'), [(0, 0), (90, 90), (999, 148)])
def test_elbow_opening_angle(bend, opening):
    points = pose(right_elbow=bend, right_shoulder_flex=30)
    cosine = direction(points, 8, 9) @ direction(points, 9, 10)
    assert np.rad2deg(np.arccos(np.clip(cosine, -1, 1))) == pytest.approx(
        opening, abs=1e-4
    )


@pytest.mark.parametrize(('angles', 'bone', 'expected'), [
    ({}, (8, 10), (0, -1, 0)),
    ({'right_shoulder_flex': 90}, (8, 10), (0, 0, -1)),
    ({'right_shoulder_abduct': 90}, (8, 10), (1, 0, 0)),
    ({'left_shoulder_abduct': 90}, (4, 6), (-1, 0, 0)),
    ({'right_elbow': 90}, (9, 10), (0, 0, -1)),
    ({'right_shoulder_abduct': 90, 'right_shoulder_twist': -90,
      'right_elbow': 90}, (9, 10), (0, 1, 0)),
    ({'left_hip_flex': 90}, (12, 13), (0, 0, -1)),
    ({'left_knee': 90}, (13, 14), (0, 0, 1)),
    ({'right_hip_abduct': 45}, (16, 17), (.5**.5, -(.5**.5), 0)),
    ({'spine_pitch': 60}, (0, 20), (0, .5, -(.75**.5))),
    ({'neck_roll': -30}, (20, 2), (.5, .75**.5, 0)),
])  # yapf: disable
def test_angles_turn_bones_the_right_way(angles, bone, expected):
    np.testing.assert_allclose(
        direction(pose(**angles), *bone), expected, atol=1e-12
    )


def test_swapped_sides_give_the_mirror_image(mirrored):
    angles = random_angles()
    swapped = angles.copy()
    for i, dof in enumerate(DOFS):
        side, _, rest = dof.name.partition('_')
        if side in ('left', 'right'):
            other = {'left': 'right', 'right': 'left'}[side]
            swapped[:, DOF_INDEX[f'{other}_{rest}']] = angles[:, i]
        elif dof.name.endswith(('roll', 'yaw')):
            swapped[:, i] = -angles[:, i]
    offsets = body_offsets()
    np.testing.assert_allclose(
        mirrored(forward_kinematics(offsets, angles)),
        forward_kinematics(offsets, swapped),
        atol=1e-12,
    )


def test_standing_body_has_human_proportions():
    offsets = body_offsets(1.80)
    points = forward_kinematics(offsets, np.zeros((1, len(DOFS))))[0]
    points[:, 1] += standing_height(offsets)
    assert points[:, 1].min() == pytest.approx(0.02)
    assert 0.9 < points[3, 1] / 1.80 < 0.96  # middle of the head
    assert 0.5 < points[0, 1] / 1.80 < 0.56
    assert 0.35 < np.ptp(points[[4, 8], 0]) < 0.42
    # Hanging hands reach down to the middle of the thigh.
    assert points[13, 1] < points[11, 1] < points[12, 1]


def test_stature_and_factors_scale_bones():
    plain, tall = body_offsets(1.5), body_offsets(1.8)
    np.testing.assert_allclose(tall, plain * 1.2)
    long_arms = body_offsets(1.5, arm=1.1)
    np.testing.assert_allclose(long_arms[[5, 9]], plain[[5, 9]] * 1.1)
    np.testing.assert_allclose(long_arms[[13, 17]], plain[[13, 17]])


def test_unknown_bone_group_is_named():
    with pytest.raises(ValueError, match='tail'):
        body_offsets(tail=2.0)
