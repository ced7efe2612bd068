"""The joint layouts that the package knows by name, as plain data.

``inward`` and ``center`` are those of MMAction2's ``Graph``. ``parents``
gives the other end of each joint's bone feature where MMAction2's
``JointToBone`` does not take it from the graph (hand tips of Kinect v2, hips
of COCO, neck of OpenPose): features of published checkpoints depend on it.
Left and right are the sensor's: its joint names are taken at their word.
"""

from __future__ import annotations

from typing import Any

# Their numbers, wherever a layout has parts of these names.
BODY_PARTS = ('trunk', 'left_arm', 'right_arm', 'left_leg', 'right_leg')

# One line for each table, not for each number.
# fmt: off
_NTURGBD: dict[str, Any] = dict(
    num_node=25,
    inward=((0, 1), (1, 20), (2, 20), (3, 2), (4, 20), (5, 4), (6, 5), (7, 6),
            (8, 20), (9, 8), (10, 9), (11, 10), (12, 0), (13, 12), (14, 13),
            (15, 14), (16, 0), (17, 16), (18, 17), (19, 18), (21, 7), (22, 7),
            (23, 11), (24, 11)),
    center=20,
    parents=(1, 20, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16,
             17, 18, 20, 22, 7, 24, 11),
    parts=dict(
        trunk=(0, 1, 2, 3, 20),
        left_arm=(4, 5, 6, 7, 21, 22),
        right_arm=(8, 9, 10, 11, 23, 24),
        left_leg=(12, 13, 14, 15),
        right_leg=(16, 17, 18, 19)),
    joint_names=('spine_base', 'spine_mid', 'neck', 'head', 'left_shoulder',
                 'left_elbow', 'left_wrist', 'left_hand', 'right_shoulder',
                 'right_elbow', 'right_wrist', 'right_hand', 'left_hip',
                 'left_knee', 'left_ankle', 'left_foot', 'right_hip',
                 'right_knee', 'right_ankle', 'right_foot', 'spine_shoulder',
                 'left_hand_tip', 'left_thumb', 'right_hand_tip',
                 'right_thumb'),
    pairs=((4, 8), (5, 9), (6, 10), (7, 11), (12, 16), (13, 17), (14, 18),
           (15, 19), (21, 23), (22, 24)))

_COCO: dict[str, Any] = dict(
    num_node=17,
    inward=((15, 13), (13, 11), (16, 14), (14, 12), (11, 5), (12, 6), (9, 7),
            (7, 5), (10, 8), (8, 6), (5, 0), (6, 0), (1, 0), (3, 1), (2, 0),
            (4, 2)),
    center=0,
    parents=(0, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 0, 0, 11, 12, 13, 14),
    planar=True,
    parts=dict(
        trunk=(0, 1, 2, 3, 4),
        left_arm=(5, 7, 9),
        right_arm=(6, 8, 10),
        left_leg=(11, 13, 15),
        right_leg=(12, 14, 16)),
    joint_names=('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear',
                 'left_shoulder', 'right_shoulder', 'left_elbow',
                 'right_elbow', 'left_wrist', 'right_wrist', 'left_hip',
                 'right_hip', 'left_knee', 'right_knee', 'left_ankle',
                 'right_ankle'),
    pairs=((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14),
           (15, 16)))

_OPENPOSE: dict[str, Any] = dict(
    num_node=18,
    inward=((4, 3), (3, 2), (7, 6), (6, 5), (13, 12), (12, 11), (10, 9),
            (9, 8), (11, 5), (8, 2), (5, 1), (2, 1), (0, 1), (15, 0), (14, 0),
            (17, 15), (16, 14)),
    center=1,
    parents=(0, 0, 1, 2, 3, 1, 5, 6, 2, 8, 9, 5, 11, 12, 0, 0, 14, 15),
    planar=True,
    parts=dict(
        trunk=(0, 1, 14, 15, 16, 17),
        left_arm=(5, 6, 7),
        right_arm=(2, 3, 4),
        left_leg=(11, 12, 13),
        right_leg=(8, 9, 10)),
    joint_names=('nose', 'neck', 'right_shoulder', 'right_elbow',
                 'right_wrist', 'left_shoulder', 'left_elbow', 'left_wrist',
                 'right_hip', 'right_knee', 'right_ankle', 'left_hip',
                 'left_knee', 'left_ankle', 'right_eye', 'left_eye',
                 'right_ear', 'left_ear'),
    pairs=((5, 2), (6, 3), (7, 4), (11, 8), (12, 9), (13, 10), (15, 14),
           (17, 16)))

_NW_UCLA: dict[str, Any] = dict(
    num_node=20,
    inward=((0, 1), (1, 2), (3, 2), (4, 2), (5, 4), (6, 5), (7, 6), (8, 2),
            (9, 8), (10, 9), (11, 10), (12, 0), (13, 12), (14, 13), (15, 14),
            (16, 0), (17, 16), (18, 17), (19, 18)),
    center=2,
    parts=dict(
        trunk=(0, 1, 2, 3),
        left_arm=(4, 5, 6, 7),
        right_arm=(8, 9, 10, 11),
        left_leg=(12, 13, 14, 15),
        right_leg=(16, 17, 18, 19)),
    joint_names=('hip_center', 'spine', 'shoulder_center', 'head',
                 'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
                 'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand',
                 'left_hip', 'left_knee', 'left_ankle', 'left_foot',
                 'right_hip', 'right_knee', 'right_ankle', 'right_foot'),
    pairs=((4, 8), (5, 9), (6, 10), (7, 11), (12, 16), (13, 17), (14, 18),
           (15, 19)))

# Kinect v1 as well, numbered from the head.
_UTD_MHAD: dict[str, Any] = dict(
    num_node=20,
    inward=((0, 1), (1, 2), (2, 3), (4, 1), (5, 4), (6, 5), (7, 6), (8, 1),
            (9, 8), (10, 9), (11, 10), (12, 3), (13, 12), (14, 13), (15, 14),
            (16, 3), (17, 16), (18, 17), (19, 18)),
    center=3,
    parts=dict(
        trunk=(0, 1, 2, 3),
        left_arm=(4, 5, 6, 7),
        right_arm=(8, 9, 10, 11),
        left_leg=(12, 13, 14, 15),
        right_leg=(16, 17, 18, 19)),
    joint_names=('head', 'shoulder_center', 'spine', 'hip_center',
                 'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
                 'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand',
                 'left_hip', 'left_knee', 'left_ankle', 'left_foot',
                 'right_hip', 'right_knee', 'right_ankle', 'right_foot'),
    pairs=((4, 8), (5, 9), (6, 10), (7, 11), (12, 16), (13, 17), (14, 18),
           (15, 19)))

_PENN_ACTION: dict[str, Any] = dict(
    num_node=13,
    inward=((1, 0), (2, 0), (3, 1), (4, 2), (5, 3), (6, 4), (7, 1), (8, 2),
            (9, 7), (10, 8), (11, 9), (12, 10)),
    center=0,
    planar=True,
    parts=dict(
        trunk=(0,),
        left_arm=(1, 3, 5),
        right_arm=(2, 4, 6),
        left_leg=(7, 9, 11),
        right_leg=(8, 10, 12)),
    joint_names=('head', 'left_shoulder', 'right_shoulder', 'left_elbow',
                 'right_elbow', 'left_wrist', 'right_wrist', 'left_hip',
                 'right_hip', 'left_knee', 'right_knee', 'left_ankle',
                 'right_ankle'),
    pairs=((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12)))

_SBU: dict[str, Any] = dict(
    num_node=15,
    inward=((0, 1), (1, 2), (3, 1), (4, 3), (5, 4), (6, 1), (7, 6), (8, 7),
            (9, 2), (10, 9), (11, 10), (12, 2), (13, 12), (14, 13)),
    center=2,
    parts=dict(
        trunk=(0, 1, 2),
        left_arm=(3, 4, 5),
        right_arm=(6, 7, 8),
        left_leg=(9, 10, 11),
        right_leg=(12, 13, 14)),
    joint_names=('head', 'neck', 'torso', 'left_shoulder', 'left_elbow',
                 'left_hand', 'right_shoulder', 'right_elbow', 'right_hand',
                 'left_hip', 'left_knee', 'left_foot', 'right_hip',
                 'right_knee', 'right_foot'),
    pairs=((3, 6), (4, 7), (5, 8), (9, 12), (10, 13), (11, 14)))

# fmt: on
BUILTIN_LAYOUTS: dict[str, dict[str, Any]] = {
    'nturgb+d': _NTURGBD,
    'coco': _COCO,
    'openpose': _OPENPOSE,
    'nw-ucla': _NW_UCLA,
    'utd-mhad': _UTD_MHAD,
    'penn-action': _PENN_ACTION,
    'sbu': _SBU,
}
