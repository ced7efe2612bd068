"""The frame of a body: which way it stands, and which way it faces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from .layout import Layout

__all__ = [
    'BodyJoints',
    'Stance',
    'body_frame',
    'clip_frame',
    'find_body_joints',
    'find_stance',
]

# Directions shorter than this share of the body's extent are chance.
_LEAST = 1e-3


class BodyJoints(NamedTuple):
    """The four joints that tell how a body stands.

    Args:
        hips (tuple[int, int]): Left and right.
        shoulders (tuple[int, int]): Left and right.
    """

    hips: tuple[int, int]
    shoulders: tuple[int, int]


def find_body_joints(layout: Layout) -> BodyJoints:
    """Find hips and shoulders by joint names, else by part names.

    Args:
        layout (Layout): The layout. Joints called ``left_hip``,
            ``right_shoulder`` and so on are taken; else, of the parts called
            ``left_leg``, ``right_arm`` and so on, the joints nearest to the
            centre.

    Returns:
        BodyJoints: The four joints.

    Raises:
        ValueError: If the layout tells neither.
    """
    found = {}
    for joint, part in (('hip', 'leg'), ('shoulder', 'arm')):
        for side in ('left', 'right'):
            found[joint, side] = _joint(layout, side, joint, part)
    return BodyJoints(
        (found['hip', 'left'], found['hip', 'right']),
        (found['shoulder', 'left'], found['shoulder', 'right']),
    )


def _joint(layout: Layout, side: str, joint: str, part: str) -> int:
    if layout.joint_names and f'{side}_{joint}' in layout.joint_names:
        return layout.joint_names.index(f'{side}_{joint}')
    if f'{side}_{part}' not in layout.part_names:
        raise ValueError(
            f'layout {layout.name!r} does not tell its {side} {joint}: name '
            f"a joint '{side}_{joint}' in joint_names or a part "
            f"'{side}_{part}' in parts"
        )
    depth = _depths(layout)
    members = layout.parts[layout.part_names.index(f'{side}_{part}')]
    return min(members, key=lambda member: depth[member])


def _depths(layout: Layout) -> list[int]:
    """Bones from the centre to each joint."""
    parent = dict(layout.bones)
    depths = []
    for joint in range(layout.num_joints):
        depth = 0
        while joint != layout.center and joint in parent:
            joint, depth = parent[joint], depth + 1
        depths.append(depth)
    return depths


def body_frame(
    pose: np.ndarray, joints: BodyJoints
) -> tuple[np.ndarray, np.ndarray] | None:
    """Axes and origin of a standing, sitting or lying body.

    z leads from the middle of the hips to the middle of the shoulders, x from
    the left shoulder to the right one, made perpendicular to z, and y = z x x
    to where the body faces. The axes are orthonormal, so that a turn to them
    keeps lengths and angles. The origin is the middle of the hips.

    Args:
        pose (np.ndarray): One person's joints, shape (V, 3).
        joints (BodyJoints): Hips and shoulders.

    Returns:
        tuple[np.ndarray, np.ndarray] or None: Axes as rows, float64, shape
        (3, 3), and origin, shape (3,); None where they cannot be told, since
        joints are missing or lie on one line.

    Example:
        >>> pose = np.array([[-1.0, 0, 0], [1, 0, 0], [-2, 0, 3], [2, 0, 3]])
        >>> axes, _ = body_frame(pose, BodyJoints((0, 1), (2, 3)))
        >>> axes.round(6).tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    pose = np.asarray(pose, dtype=np.float64)
    hips, shoulders = (pose[list(pair)] for pair in joints)
    extent = np.ptp(pose, axis=0).max(initial=0)
    known = np.concatenate((hips, shoulders))
    if not np.isfinite(known).all() or not known.any(axis=1).all():
        return None
    up = shoulders.mean(0) - hips.mean(0)
    across = shoulders[1] - shoulders[0]
    length = np.linalg.norm(up)
    if length <= _LEAST * extent:
        return None
    up = up / length
    across = across - (across @ up) * up
    width = np.linalg.norm(across)
    if width <= _LEAST * extent:
        return None
    across = across / width
    return np.stack((across, np.cross(up, across), up)), hips.mean(0)


def clip_frame(
    keypoint: np.ndarray, joints: BodyJoints
) -> tuple[np.ndarray, np.ndarray] | None:
    """Frame of a clip: the first that its main person tells.

    Args:
        keypoint (np.ndarray): Coordinates, shape (M, T, V, 3). The main
            person is the one with most frames that are not all zero.
        joints (BodyJoints): Hips and shoulders.

    Returns:
        tuple[np.ndarray, np.ndarray] or None: What :func:`body_frame` gives.
    """
    for pose in _main_person(keypoint):
        frame = body_frame(pose, joints)
        if frame is not None:
            return frame
    return None


def _main_person(keypoint: np.ndarray) -> np.ndarray:
    present = np.asarray(keypoint.any(axis=(2, 3)))
    person = int(present.sum(1).argmax())
    return np.asarray(keypoint[person][present[person]])


class Stance(NamedTuple):
    """How the bodies of a file stand.

    Args:
        up (Counter): Clips by the axis that is nearest to up, as ``'+y'``.
        facing (Counter): Clips by the axis that people face.
        height (float): Median extent along up in the first frame; NaN where
            no clip tells a frame.
        untold (int): Clips that tell no frame.
    """

    up: Counter[str]
    facing: Counter[str]
    height: float
    untold: int


def find_stance(clips: Iterable[np.ndarray], joints: BodyJoints) -> Stance:
    """Find which axis is up, where people face, and how tall they are.

    Args:
        clips (Iterable[np.ndarray]): Coordinates, each (M, T, V, 3).
        joints (BodyJoints): Hips and shoulders.

    Returns:
        Stance: Counted by clips.
    """
    up: Counter[str] = Counter()
    facing: Counter[str] = Counter()
    heights, untold = [], 0
    for clip in clips:
        frame = clip_frame(clip, joints)
        if frame is None:
            untold += 1
            continue
        axes = frame[0]
        up[_axis(axes[2])] += 1
        facing[_axis(axes[1])] += 1
        pose = _main_person(clip)[0]
        heights.append(np.ptp(pose[pose.any(axis=1)] @ axes[2]))
    height = float(np.median(heights)) if heights else float('nan')
    return Stance(up, facing, height, untold)


def _axis(direction: np.ndarray) -> str:
    largest = int(np.abs(direction).argmax())
    return '-+'[int(direction[largest] > 0)] + 'xyz'[largest]
