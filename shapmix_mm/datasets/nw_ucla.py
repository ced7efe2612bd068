"""Northwestern-UCLA skeletons: from one JSON a sequence to one pickle.

The set's own names say it all: ``a08_s03_e00_v02`` is action 8, subject 3,
take 0, seen by camera 2. The cross-view protocol trains on cameras 1 and 2.
"""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from ..serialization import write_whole
from ..skeletons import get_layout
from .json_members import Member

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
_NAME = re.compile('a([0-9]{2})_s([0-9]{2})_e([0-9]{2})_v([0-9]{2})')
_LENGTH_KEYS = ('num_frames', 'total_frames', 'length')


class Conversion(NamedTuple):
    """What came of a conversion.

    Args:
        data (dict): MMAction2's annotation file: ``split``, ``annotations``
            and ``classes``.
        skipped (list[tuple[str, str]]): File name and reason of every file
            that was left out.
    """

    data: dict[str, Any]
    skipped: list[tuple[str, str]]


def convert_nw_ucla(members: Iterable[Member]) -> Conversion:
    """Convert the JSON files of the set.

    Args:
        members (Iterable[Member]): The files.

    Returns:
        Conversion: Annotations in the order of their names, splits ``train``
        (cameras 1 and 2) and ``test`` (camera 3), and what was skipped.
    """
    found: dict[str, dict[str, Any]] = {}
    skipped: list[tuple[str, str]] = []
    for member in members:
        try:
            annotation = _annotate(member)
            name = annotation['frame_dir']
            if name in found:
                raise ValueError(f'another file is named {name} too')
            found[name] = annotation
        except ValueError as err:
            skipped.append((member.name, str(err)))
    names = sorted(found)
    split = {
        'train': [name for name in names if _view(name) in TRAIN_VIEWS],
        'test': [name for name in names if _view(name) in TEST_VIEWS],
    }
    data = dict(
        split=split,
        annotations=[found[name] for name in names],
        classes=list(ACTIONS.values()),
    )
    return Conversion(data, skipped)


def write_annotations(data: dict[str, Any], path: str | Path) -> None:
    """Write an annotation file so that it is there whole or not at all.

    Args:
        data (dict): What to pickle.
        path (str or Path): Where to; missing folders are made.
    """
    write_whole(path, pickle.dumps(data, protocol=4))


def _view(name: str) -> int:
    return int(name[-2:])


def _annotate(member: Member) -> dict[str, Any]:
    """Turn one file into an annotation; ValueError says why it cannot be."""
    name, label = _parse_name(member.name)
    if member.content is None:
        raise ValueError(member.problem)
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
    )


def _parse_name(path: str) -> tuple[str, int]:
    file = PurePosixPath(path.replace('\\', '/'))
    match = _NAME.fullmatch(file.stem)
    if file.suffix != '.json' or match is None:
        raise ValueError('bad name: expected aAA_sSS_eEE_vVV.json')
    action, view = int(match[1]), int(match[4])
    if action not in ACTIONS:
        raise ValueError(
            f'bad name: action {action} is none of {list(ACTIONS)}'
        )
    if view not in TRAIN_VIEWS + TEST_VIEWS:
        raise ValueError(
            f'bad name: view {view} is none of '
            f'{list(TRAIN_VIEWS + TEST_VIEWS)}'
        )
    return file.stem, list(ACTIONS).index(action)


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
    layout = get_layout('nw-ucla')
    try:
        skeletons = np.asarray(record['skeletons'], dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as err:
        raise ValueError(
            'skeletons are no T x 20 x 3 numbers: frames or '
            'joints differ in length or hold text'
        ) from err
    if not skeletons.size:
        raise ValueError('empty: no frames')
    if skeletons.ndim != 3 or skeletons.shape[1:] != (layout.num_joints, 3):
        raise ValueError(
            f'wrong joint count: skeletons have the shape '
            f'{skeletons.shape}, expected (T, '
            f'{layout.num_joints}, 3)'
        )
    with np.errstate(over='ignore'):
        skeletons = skeletons.astype(np.float32)
    if not np.isfinite(skeletons).all():
        raise ValueError('coordinates are not finite')
    if not skeletons.any():
        raise ValueError('empty: all coordinates are zero')
    for key in _LENGTH_KEYS:
        if record.get(key, len(skeletons)) != len(skeletons):
            raise ValueError(
                f'its {key} is {record[key]!r}, but it has '
                f'{len(skeletons)} frames'
            )
    return skeletons
