"""Kinematic skeleton with 25 Kinect v2 joints, its angles and its limits.

A person stands in a frame with x to the person's right, y up and z to the
back, so that somebody who faces the sensor is already in Kinect v2 camera
space (there, too, x grows towards the right hand of a person who faces it).
Every bone belongs to the joint at which it ends. Lengths are metres, angles
in the tables are degrees.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...skeletons import get_layout

_LAYOUT = get_layout('nturgb+d')
PARTS = _LAYOUT.part_names
#: Joint pairs (left, right) that change places in a mirror image.
MIRROR_PAIRS = _LAYOUT.pairs
#: The layout's bones, hung from the spine base.
# fmt: off
PARENTS = (
    -1, 0, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18, 1,
    7, 7, 11, 11,
)
_ROOT_FIRST = (
    0, 1, 20, 2, 3, 4, 5, 6, 7, 21, 22, 8, 9, 10, 11, 23, 24, 12, 13, 14, 15,
    16, 17, 18, 19,
)
# fmt: on
# Bone vectors of a person of 1.70 m who stands with hanging arms, seen
# Kinect-wise (the head joint is the middle of the head, not its top), as
# (vector, group of bones that are longer or shorter together).
_BONES = {
    1: ((0, 0.25, 0), 'spine'),
    20: ((0, 0.22, 0), 'spine'),
    2: ((0, 0.07, 0), 'head'),
    3: ((0, 0.15, -0.01), 'head'),
    8: ((0.17, -0.03, 0), 'width'),
    9: ((0, -0.27, 0), 'arm'),
    10: ((0, -0.24, 0), 'arm'),
    11: ((0, -0.08, 0), 'arm'),
    23: ((0, -0.07, 0), 'arm'),
    24: ((0, -0.03, -0.045), 'arm'),
    16: ((0.085, -0.03, 0), 'width'),
    17: ((0, -0.40, 0), 'leg'),
    18: ((0, -0.39, 0), 'leg'),
    19: ((0, -0.06, -0.12), 'leg'),
}
_REFERENCE_STATURE = 1.70
_FOOT_HEIGHT = 0.02


class Dof(NamedTuple):
    """One angle of the body.

    Attributes:
        name (str): Angle name, with its side where it has one.
        part (str): Body part that it belongs to.
        bone (int): Joint at the end of the bone that it turns.
        axis (tuple[int, int, int]): Axis in the parent's frame.
        low (float): Lower limit in degrees.
        high (float): Upper limit in degrees.
    """

    name: str
    part: str
    bone: int
    axis: tuple[int, int, int]
    low: float
    high: float


_Axis = tuple[int, int, int]
_Rows = tuple[tuple[str, int, _Axis, float, float], ...]
_X, _Y, _Z, _DOWN_X = (1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 0, 0)
# Angles of one bone are listed from the outermost rotation inwards.
_TRUNK: _Rows = (
    ('spine_pitch', 1, _DOWN_X, -25, 70),
    ('spine_roll', 1, _Z, -30, 30),
    ('spine_yaw', 1, _Y, -40, 40),
    ('chest_pitch', 20, _DOWN_X, -12, 30),
    ('neck_pitch', 2, _DOWN_X, -40, 45),
    ('neck_roll', 2, _Z, -35, 35),
    ('head_pitch', 3, _DOWN_X, -25, 30),
    ('head_roll', 3, _Z, -20, 20),
)
_ARM: _Rows = (
    ('shoulder_abduct', 9, _Z, -25, 170),
    ('shoulder_flex', 9, _X, -50, 175),
    ('shoulder_twist', 9, _Y, -95, 90),
    ('elbow', 10, _X, 0, 148),
    ('wrist_side', 11, _Z, -30, 30),
    ('wrist_flex', 11, _X, -60, 60),
)
_LEG: _Rows = (
    ('hip_abduct', 17, _Z, -20, 45),
    ('hip_flex', 17, _X, -30, 115),
    ('knee', 18, _DOWN_X, 0, 135),
    ('ankle', 19, _X, -35, 30),
)


def _build_dofs() -> tuple[Dof, ...]:
    to_left = {right: left for left, right in MIRROR_PAIRS}
    dofs = [
        Dof(name, 'trunk', bone, axis, low, high)
        for name, bone, axis, low, high in _TRUNK
    ]
    for limb, table in (('arm', _ARM), ('leg', _LEG)):
        for name, bone, (x, y, z), low, high in table:
            dofs.append(
                Dof(
                    f'left_{name}',
                    f'left_{limb}',
                    to_left[bone],
                    (x, -y, -z),
                    low,
                    high,
                )
            )
            dofs.append(
                Dof(
                    f'right_{name}',
                    f'right_{limb}',
                    bone,
                    (x, y, z),
                    low,
                    high,
                )
            )
    return tuple(dofs)


DOFS = _build_dofs()
DOF_INDEX = {dof.name: i for i, dof in enumerate(DOFS)}
LIMITS = np.array([(dof.low, dof.high) for dof in DOFS], dtype=float)


def body_offsets(
    stature: float = _REFERENCE_STATURE, **factors: float
) -> np.ndarray:
    """Bone vectors of a body that stands upright with hanging arms.

    Args:
        stature (float): Body height in metres. Defaults to 1.7.
        **factors (float): Extra length factor for a group of bones: spine,
            head, width, arm or leg. Both sides get the same one.

    Returns:
        np.ndarray: (25, 3) vectors from parent to joint in metres.

    Raises:
        ValueError: If a group of bones is unknown.
    """
    known = {group for _, group in _BONES.values()}
    if not set(factors) <= known:
        raise ValueError(
            f'bone groups are {sorted(known)}, '
            f'got {sorted(set(factors) - known)}'
        )
    offsets = np.zeros((len(PARENTS), 3))
    for joint, (vector, group) in _BONES.items():
        scale = stature / _REFERENCE_STATURE * factors.get(group, 1.0)
        offsets[joint] = np.multiply(vector, scale)
    for left, right in MIRROR_PAIRS:
        offsets[left] = offsets[right] * (-1, 1, 1)
    return offsets


def standing_height(offsets: np.ndarray) -> float:
    """Height of the spine base above the floor when the legs are straight.

    Args:
        offsets (np.ndarray): (25, 3) bone vectors.

    Returns:
        float: Height in metres.
    """
    return _FOOT_HEIGHT - float(offsets[[16, 17, 18, 19], 1].sum())


def forward_kinematics(offsets: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Joint positions from joint angles; angles are held to their limits.

    Args:
        offsets (np.ndarray): (25, 3) bone vectors in metres.
        angles (np.ndarray): (T, len(DOFS)) angles in degrees.

    Returns:
        np.ndarray: (T, 25, 3) positions, the spine base at the origin.
    """
    turns = _rotations(np.clip(angles, LIMITS[:, 0], LIMITS[:, 1]))
    frames = np.broadcast_to(np.eye(3), (len(angles), 3, 3))
    oriented = {0: frames}
    points = np.zeros((len(angles), len(PARENTS), 3))
    for joint in _ROOT_FIRST[1:]:
        turn = oriented[PARENTS[joint]]
        for i, dof in enumerate(DOFS):
            if dof.bone == joint:
                turn = turn @ turns[:, i]
        oriented[joint] = turn
        points[:, joint] = points[:, PARENTS[joint]] + turn @ offsets[joint]
    return points


def _rotations(angles: np.ndarray) -> np.ndarray:
    """Rodrigues' formula for every angle, (T, D) to (T, D, 3, 3)."""
    cross = np.zeros((len(DOFS), 3, 3))
    for i, dof in enumerate(DOFS):
        x, y, z = dof.axis
        cross[i] = ((0, -z, y), (z, 0, -x), (-y, x, 0))
    radians = np.deg2rad(angles)[..., None, None]
    return (
        np.eye(3)
        + np.sin(radians) * cross
        + (1 - np.cos(radians)) * (cross @ cross)
    )
