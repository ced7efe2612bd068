"""MSRC-12 Kinect gestures: recordings cut into one clip a repetition.

A recording repeats one gesture: ``P1_1_12A_p06.csv`` holds gesture 12 by
person 6, a row being a tick in microseconds and 20 joints of x, y, z and a
state; a row without a person is all zeros. Its ``.tagstream`` marks each
repetition as ``TICK;G12 Kick``. The publisher gives marks, not windows: how
clips are cut around them is the choice of this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from .archives import Member
from .conversion import Conversion, Outcome, checked_joints, collect, folds

CLASSES = (
    'lift arms',
    'duck',
    'push right',
    'goggles',
    'wind up',
    'shoot',
    'bow',
    'throw',
    'had enough',
    'change weapon',
    'beat both',
    'kick',
)
# Ticks of the tags for a microsecond of the recordings.
TAG_TICKS = 49.875
# Microseconds before and after a mark that a clip spans at most.
BEFORE, AFTER = 1.2e6, 1.0e6
MIN_FRAMES = 15
_NAME = re.compile(r'(P\d_\d_(\d{1,2})A?)_[pP](\d{2})')
_TAG = re.compile(r'(\d+);G(\d+)\b.*')
SPLITS = {
    'xsub_train': lambda a: a['subject'] % 2 == 1,
    'xsub_val': lambda a: a['subject'] % 2 == 0,
    # Persons 5, 10, ... are tested by fold 1, those after them by fold 2.
    **folds([[p for p in range(1, 31) if p % 5 == f] for f in range(5)]),
}


def convert_msrc12(members: Iterable[Member]) -> Conversion:
    """Convert the files of the set.

    Args:
        members (Iterable[Member]): Recordings and their tag files, in any
            order.

    Returns:
        Conversion: A clip for each mark that has enough frames; splits
        ``xsub_train`` (odd persons) and ``xsub_val`` (even ones), and five
        folds over persons.
    """
    return collect(_clips(members), SPLITS, CLASSES)


def _clips(members: Iterable[Member]) -> Iterator[Outcome]:
    """Cut each recording as soon as both of its files are there."""
    waiting: dict[str, dict[str, tuple[str, Any]]] = {}
    for member in members:
        try:
            kind, stem = _kind(member.name)
            if member.content is None:
                raise ValueError(member.problem)
            read = read_ticks if kind == '.csv' else _read_tags
            pair = waiting.setdefault(stem, {})
            if kind in pair:
                raise ValueError(f'another file is named {stem}{kind} too')
            pair[kind] = member.name, read(member.content)
        except ValueError as error:
            yield member.name, str(error)
            continue
        if len(pair) == 2:
            name = pair['.csv'][0]
            yield from _cut(name, stem, pair['.csv'][1], pair['.tagstream'][1])
            # The name stays, so that a second pair of it is seen.
            waiting[stem] = {kind: ('', None) for kind in pair}
    for stem, pair in waiting.items():
        if len(pair) == 1:
            ((kind, (name, _)),) = pair.items()
            other = '.tagstream' if kind == '.csv' else '.csv'
            yield name, f'incomplete: there is no usable {stem}{other}'


def _kind(path: str) -> tuple[str, str]:
    file = PurePosixPath(path.replace('\\', '/'))
    match = _NAME.fullmatch(file.stem)
    if file.suffix not in ('.csv', '.tagstream') or match is None:
        raise ValueError(
            'bad name: expected Pa_b_GESTURE_pPERSON.csv or .tagstream'
        )
    gesture, person = int(match[2]), int(match[3])
    if not 1 <= gesture <= len(CLASSES) or not 1 <= person <= 30:
        raise ValueError(
            f'bad name: gesture {gesture} or person {person} is none of '
            f'the {len(CLASSES)} and 30'
        )
    return file.suffix, f'{match[1]}_P{match[3]}'


def read_ticks(content: bytes) -> np.ndarray:
    """Read a recording.

    Args:
        content (bytes): A ``.csv`` of the set.

    Returns:
        np.ndarray: Microseconds, and x, y, z and state of 20 joints, float64,
        shape (T, 81).

    Raises:
        ValueError: If it holds anything else.
    """
    try:
        rows = np.array([line.split() for line in content.splitlines()])
        values = rows.astype(np.float64)
    except ValueError as error:
        raise ValueError(
            'unreadable: rows differ in length or hold text'
        ) from error
    if values.ndim != 2 or values.shape[1] != 81 or not len(values):
        raise ValueError(
            f'unreadable: rows of shape {values.shape}, expected 81 numbers'
        )
    return values


def _read_tags(content: bytes) -> list[tuple[float, int]]:
    lines = content.decode('latin-1').split('\n')
    tags = [line.strip() for line in lines[1:] if line.strip()]
    found = []
    for tag in tags:
        match = _TAG.fullmatch(tag)
        if match is None:
            raise ValueError(f'unreadable tag {tag[:40]!r}')
        found.append((int(match[1]) / TAG_TICKS, int(match[2])))
    return found


def _cut(
    file: str, stem: str, rows: np.ndarray, tags: list[tuple[float, int]]
) -> Iterator[Outcome]:
    gesture, person = re.findall(r'_(\d+)A?_P(\d+)', stem)[0]
    ticks, joints = rows[:, 0], rows[:, 1:].reshape(-1, 20, 4)[..., :3]
    there = joints.any(axis=(1, 2))
    marks = [mark for mark, _ in tags]
    for number, (mark, tagged) in enumerate(tags):
        name = f'{stem}_r{number:02d}'
        # No further than halfway to the neighbouring marks.
        around = marks[max(number - 1, 0) : number + 2]
        low, high = ((mark + m) / 2 for m in (around[0], around[-1]))
        start = mark - BEFORE if number == 0 else max(mark - BEFORE, low)
        last = number == len(marks) - 1
        stop = mark + AFTER if last else min(mark + AFTER, high)
        inside = there & (ticks >= start) & (ticks <= stop)
        if tagged != int(gesture):
            yield f'{file} ({name})', f'marks gesture {tagged}'
        elif inside.sum() < MIN_FRAMES:
            yield f'{file} ({name})', f'shorter than {MIN_FRAMES} frames'
        else:
            clip = checked_joints(joints[inside], 20, 3)
            yield (
                file,
                dict(
                    frame_dir=name,
                    label=int(gesture) - 1,
                    total_frames=len(clip),
                    keypoint=clip[None],
                    subject=int(person),
                ),
            )
