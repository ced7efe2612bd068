"""UTD-MHAD: from one MATLAB file a sequence to one annotation file.

``a03_s5_t2_skeleton.mat`` is action 3, subject 5, trial 2: 20 joints of
Kinect v1 in an order of the set's own, see the layout ``utd-mhad``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from .archives import Member
from .conversion import Conversion, checked_joints, collect, folds, one_by_one
from .matlab import read_mat

CLASSES = (
    'swipe left',
    'swipe right',
    'wave',
    'clap',
    'throw',
    'arm cross',
    'basketball shoot',
    'draw x',
    'draw circle clockwise',
    'draw circle counter-clockwise',
    'draw triangle',
    'bowling',
    'boxing',
    'baseball swing',
    'tennis swing',
    'arm curl',
    'tennis serve',
    'push',
    'knock',
    'catch',
    'pick up and throw',
    'jog',
    'walk',
    'sit to stand',
    'stand to sit',
    'lunge',
    'squat',
)
_NAME = re.compile(r'a(\d{1,2})_s(\d)_t(\d)_skeleton')
SPLITS = {
    'xsub_train': lambda a: a['subject'] in (1, 3, 5, 7),
    'xsub_val': lambda a: a['subject'] in (2, 4, 6, 8),
    **folds([[subject] for subject in range(1, 9)]),
}


def convert_utd_mhad(members: Iterable[Member]) -> Conversion:
    """Convert the files of the set.

    Args:
        members (Iterable[Member]): The files; the publisher's list of joints
            is among what is left out.

    Returns:
        Conversion: One sample a file; the publisher's splits ``xsub_train``
        (odd subjects) and ``xsub_val`` (even ones), and eight folds that
        leave one subject out.
    """
    return collect(one_by_one(members, _annotate), SPLITS, CLASSES)


def _annotate(member: Member) -> dict[str, Any]:
    file = PurePosixPath(member.name.replace('\\', '/'))
    match = _NAME.fullmatch(file.stem)
    if file.suffix != '.mat' or match is None:
        raise ValueError('bad name: expected aA_sS_tT_skeleton.mat')
    action, subject, trial = (int(number) for number in match.groups())
    if not 1 <= action <= len(CLASSES) or not 1 <= subject <= 8:
        raise ValueError(
            f'bad name: action {action} or subject {subject} is none of the '
            f'{len(CLASSES)} and 8'
        )
    assert member.content is not None
    (skeleton,) = read_mat(member.content, 'd_skel')
    if skeleton.ndim != 3:
        raise ValueError(f'd_skel has the shape {skeleton.shape}')
    joints = checked_joints(skeleton.transpose(2, 0, 1), 20, 3)
    return dict(
        frame_dir=f'a{action:02d}_s{subject}_t{trial}',
        label=action - 1,
        total_frames=len(joints),
        keypoint=joints[None],
        subject=subject,
    )
