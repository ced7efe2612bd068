"""Northwestern-UCLA skeletons: from one JSON a sequence to one pickle.

The set's own names say it all: ``a08_s03_e00_v02`` is action 8, subject 3,
take 0, seen by camera 2. The cross-view protocol trains on cameras 1 and 2.
Its one test view is small to judge by: there are folds over subjects too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from .archives import Member
from .conversion import Conversion, checked_joints, collect, folds, one_by_one

# The action number in a file name, in the order of the class labels.
ACTIONS = {
    1: 'pick up with one hand',
    2: 'pick up with two hands',
    3: 'drop trash',
    4: 'walk around',
    5: 'sit down',
    6: 'stand up',
    8: 'donning',
    9: 'doffing',
    11: 'throw',
    12: 'carry',
}
TRAIN_VIEWS, TEST_VIEWS = (1, 2), (3,)
SUBJECTS = range(1, 11)
SPLITS = {
    'train': lambda a: a['view'] in TRAIN_VIEWS,
    'test': lambda a: a['view'] in TEST_VIEWS,
    **folds([[subject] for subject in SUBJECTS]),
}
_NAME = re.compile('a([0-9]{2})_s([0-9]{2})_e([0-9]{2})_v([0-9]{2})')
_LENGTH_KEYS = ('num_frames', 'total_frames', 'length')


def convert_nw_ucla(members: Iterable[Member]) -> Conversion:
    """Convert the JSON files of the set.

    Args:
        members (Iterable[Member]): The files.

    Returns:
        Conversion: Annotations in the order of their names, splits ``train``
        (cameras 1 and 2) and ``test`` (camera 3), ten folds that leave one
        subject out, seen by all cameras, and what was skipped.
    """
    return collect(
        one_by_one(members, _annotate), SPLITS, tuple(ACTIONS.values())
    )


def parse_recording(content: bytes) -> np.ndarray:
    """Read a JSON file of the set, whatever its name.

    Args:
        content (bytes): The file.

    Returns:
        np.ndarray: Joints in metres, float32, shape (T, 20, 3).

    Raises:
        ValueError: If it is another file.
    """
    return _parse_skeletons(_parse_json(content))


def _annotate(member: Member) -> dict[str, Any]:
    """Turn one file into an annotation; ValueError says why it cannot be."""
    name, label, subject, view = _parse_name(member.name)
    assert member.content is not None
    record = _parse_json(member.content)
    for key, want in (('file_name', name), ('label', label + 1)):
        if record.get(key, want) != want:
            raise ValueError(
                f'its {key} is {record[key]!r}, by its name it '
                f'should be {want!r}'
            )
    skeletons = _parse_skeletons(record)
    return dict(
        frame_dir=name,
        label=label,
        total_frames=len(skeletons),
        keypoint=skeletons[None],
        subject=subject,
        view=view,
    )


def _parse_name(path: str) -> tuple[str, int, int, int]:
    file = PurePosixPath(path.replace('\\', '/'))
    match = _NAME.fullmatch(file.stem)
    if file.suffix != '.json' or match is None:
        raise ValueError('bad name: expected aAA_sSS_eEE_vVV.json')
    action, subject, _, view = (int(number) for number in match.groups())
    if action not in ACTIONS:
        raise ValueError(
            f'bad name: action {action} is none of {list(ACTIONS)}'
        )
    if view not in TRAIN_VIEWS + TEST_VIEWS:
        raise ValueError(
            f'bad name: view {view} is none of '
            f'{list(TRAIN_VIEWS + TEST_VIEWS)}'
        )
    if subject not in SUBJECTS:
        raise ValueError(f'bad name: subject {subject} is none of the 10')
    return file.stem, list(ACTIONS).index(action), subject, view


def _parse_json(content: bytes) -> dict[str, Any]:
    try:
        record = json.loads(content)
    # Deep nesting exhausts the parser's stack before it is a syntax error.
    except (ValueError, RecursionError) as err:
        raise ValueError(f'unreadable JSON: {err}') from err
    if not isinstance(record, dict) or 'skeletons' not in record:
        raise ValueError("unreadable JSON: no object with 'skeletons'")
    return record


def _parse_skeletons(record: dict[str, Any]) -> np.ndarray:
    try:
        skeletons = np.asarray(record['skeletons'], dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as err:
        raise ValueError(
            'skeletons are no T x 20 x 3 numbers: frames or '
            'joints differ in length or hold text'
        ) from err
    skeletons = checked_joints(skeletons, 20, 3)
    for key in _LENGTH_KEYS:
        if record.get(key, len(skeletons)) != len(skeletons):
            raise ValueError(
                f'its {key} is {record[key]!r}, but it has '
                f'{len(skeletons)} frames'
            )
    return skeletons
