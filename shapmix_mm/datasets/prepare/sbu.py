"""SBU Kinect Interaction: two persons of 15 joints, from text files.

``s01s02/03/001/skeleton_pos.txt`` is take 1 of action 3 by subjects 1 and 2:
a line holds the number of the frame and 2 x 15 x 3 numbers between 0 and 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from .archives import Member
from .conversion import Conversion, checked_joints, collect, folds, one_by_one

CLASSES = (
    'approaching',
    'departing',
    'kicking',
    'pushing',
    'shaking hands',
    'hugging',
    'exchanging',
    'punching',
)
# The publisher's five folds over pairs of subjects.
FOLDS = (
    ('s01s02', 's03s04', 's05s02', 's06s04'),
    ('s02s03', 's02s07', 's03s05', 's05s03'),
    ('s01s03', 's01s07', 's07s01', 's07s03'),
    ('s02s01', 's02s06', 's03s02', 's03s06'),
    ('s04s02', 's04s03', 's04s06', 's06s02', 's06s03'),
)
_PAIRS = [pair for fold in FOLDS for pair in fold]
_NAME = re.compile(r'.*?(s\d\ds\d\d)/(\d\d)/(\d{3})/skeleton_pos\.txt')
# Metres of normalised x, y and z: scale and offset.
_SCALE = np.array([-2.56, -1.92, 1.28])
_OFFSET = np.array([1.28, 0.96, 0.0])


def convert_sbu(members: Iterable[Member]) -> Conversion:
    """Convert the files of the set.

    Args:
        members (Iterable[Member]): The files.

    Returns:
        Conversion: One sample a file, keypoint (2, T, 15, 3) in metres, and
        five folds over pairs.
    """
    splits = folds(FOLDS, key='pair')
    return collect(one_by_one(members, _annotate), splits, CLASSES)


def _annotate(member: Member) -> dict[str, Any]:
    match = _NAME.fullmatch(member.name.replace('\\', '/'))
    if match is None:
        raise ValueError('bad name: expected sAAsBB/NN/NNN/skeleton_pos.txt')
    pair, action, take = match[1], int(match[2]), match[3]
    if pair not in _PAIRS or not 1 <= action <= len(CLASSES):
        raise ValueError(
            f'bad name: pair {pair} or action {action} is none of the '
            f'{len(_PAIRS)} and {len(CLASSES)}'
        )
    assert member.content is not None
    values = _parse(member.content)
    metres = values * _SCALE + _OFFSET
    joints = checked_joints(metres.transpose(1, 0, 2, 3), 15, 3)
    return dict(
        frame_dir=f'{pair}_{action:02d}_{take}',
        label=action - 1,
        total_frames=joints.shape[1],
        keypoint=joints,
        pair=pair,
    )


def _parse(content: bytes) -> np.ndarray:
    lines = [line for line in content.splitlines() if line.strip()]
    if not lines:
        raise ValueError('empty: no frames')
    try:
        rows = np.array([line.rstrip(b',').split(b',') for line in lines])
        numbers = rows.astype(np.float64)
    except ValueError as error:
        raise ValueError(
            'unreadable: lines differ in length or hold text'
        ) from error
    if numbers.shape[1:] != (1 + 2 * 15 * 3,):
        raise ValueError(
            f'unreadable: lines of {numbers.shape[1]} numbers, expected 91'
        )
    return numbers[:, 1:].reshape(-1, 2, 15, 3)
