"""Penn Action: from one MATLAB file a clip to one annotation file.

Joints that the annotators did not see stand at a corner of the image. Here a
joint takes the place between the frames in which it is seen, and one that is
never seen the place of its nearest neighbour in the body that is; both have
score 0, a joint that is seen has score 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from shapmix_mm.skeletons import get_layout

from .archives import Member
from .conversion import Conversion, checked_joints, collect, one_by_one
from .matlab import read_mat

CLASSES = (
    'baseball_pitch',
    'baseball_swing',
    'bench_press',
    'bowl',
    'clean_and_jerk',
    'golf_swing',
    'jump_rope',
    'jumping_jacks',
    'pullup',
    'pushup',
    'situp',
    'squat',
    'strum_guitar',
    'tennis_forehand',
    'tennis_serve',
)
# The publisher's split, which puts clips of one video on both sides.
SPLITS = {
    'train': lambda a: a['publisher_train'],
    'test': lambda a: not a['publisher_train'],
}


def convert_penn_action(members: Iterable[Member]) -> Conversion:
    """Convert the files of the set.

    Args:
        members (Iterable[Member]): The files.

    Returns:
        Conversion: One sample a file, keypoint (1, T, 13, 2) in pixels with
        keypoint_score (1, T, 13), and the publisher's splits.
    """
    conversion = collect(one_by_one(members, _annotate), SPLITS, CLASSES)
    for annotation in conversion.data['annotations']:
        del annotation['publisher_train']
    return conversion


def _annotate(member: Member) -> dict[str, Any]:
    file = PurePosixPath(member.name.replace('\\', '/'))
    if file.suffix != '.mat' or not file.stem.isdecimal():
        raise ValueError('bad name: expected NUMBER.mat')
    assert member.content is not None
    keys = ('x', 'y', 'visibility', 'action', 'train', 'dimensions')
    x, y, seen, action, train, size = read_mat(member.content, *keys)
    name = str(action.ravel()[0]) if action.size else ''
    # The files say 'tennis_forehand', or add the hand: 'strum_guitar'.
    if name not in CLASSES:
        raise ValueError(f'unknown action {name!r}')
    if not x.shape == y.shape == seen.shape or size.size < 2 or not train.size:
        raise ValueError('x, y and visibility differ in shape')
    joints = checked_joints(np.stack([x, y], -1), 13, 2)
    seen = seen.astype(bool)
    if not seen.any():
        raise ValueError('empty: no joint is ever seen')
    return dict(
        frame_dir=file.stem,
        label=CLASSES.index(name),
        total_frames=len(joints),
        keypoint=fill_unseen(joints, seen)[None],
        keypoint_score=seen.astype(np.float32)[None],
        img_shape=tuple(int(n) for n in size.ravel()[:2]),
        publisher_train=int(train.ravel()[0]) == 1,
    )


def fill_unseen(joints: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Give joints that are not seen a likely place.

    Args:
        joints (np.ndarray): Coordinates, shape (T, V, 2).
        seen (np.ndarray): Whether each is seen, bool, shape (T, V), some of
            them True.

    Returns:
        np.ndarray: Coordinates; between frames in which a joint is seen they
        are interpolated, before the first and after the last one they stay.
        A joint that is never seen stands where the nearest joint along the
        bones does.
    """
    filled, frames = joints.copy(), np.arange(len(joints))
    ever = np.flatnonzero(seen.any(axis=0))
    for joint in ever:
        known = np.flatnonzero(seen[:, joint])
        for channel in range(joints.shape[-1]):
            filled[:, joint, channel] = np.interp(
                frames, known, joints[known, joint, channel]
            )
    distance = _bone_distances()
    for joint in np.flatnonzero(~seen.any(axis=0)):
        filled[:, joint] = filled[:, ever[distance[joint, ever].argmin()]]
    return filled


def _bone_distances() -> np.ndarray:
    """Bones between every two joints, shape (V, V)."""
    layout = get_layout('penn-action')
    far = layout.num_joints
    distance = np.full((far, far), far)
    np.fill_diagonal(distance, 0)
    for one, other in layout.bones:
        distance[one, other] = distance[other, one] = 1
    for middle in range(far):
        through = distance[:, [middle]] + distance[[middle]]
        distance = np.minimum(distance, through)
    return distance
