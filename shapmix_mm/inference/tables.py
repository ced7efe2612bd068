"""Clips in a CSV whose header names the joints, or whose rows do."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from shapmix_mm.datasets.prepare.arrays import (
    ROW_COLUMNS,
    clips_of_rows,
    whole_joints,
)

from .clip import Clip, array_clip

__all__ = ['read_table']

_COLUMN = re.compile(r'(.+?)(?:[ _.:/-]?([xyz])|[ _.:/-](score))', re.I)
_OTHER = ('frame', 'time', 'person', 'clip', 'label', 'split', 'score')


def read_table(
    path: Path, img_shape: tuple[int, int] | None = None
) -> Iterator[Clip]:
    """Read the clips of a table.

    Args:
        path (Path): A CSV with a row for each frame and the columns
            ``NAME_x``, ``NAME_y`` and, of 3D joints, ``NAME_z`` of each
            joint, optionally ``NAME_score``, ``time`` in seconds and
            ``person``; or one with
            a row for each joint of each frame, as ``tools/data/
            from_arrays.py`` reads it, which needs no label and may hold one
            clip without a name. An empty cell is a joint that was not seen.
        img_shape (tuple[int, int], optional): Height and width of the image
            in pixels. Defaults to None.

    Yields:
        Clip: Each clip.

    Raises:
        ValueError: If it is no such table; the line at fault is named.
    """
    try:
        with open(path, newline='', encoding='utf-8-sig') as file:
            lines = [row for row in csv.reader(file, skipinitialspace=True)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f'is no table of text ({error})') from error
    header = [name.strip() for name in lines[0]] if lines else []
    for number, row in enumerate(lines[1:], 2):
        if row and len(row) != len(header):
            raise ValueError(
                f'line {number} has {len(row)} cells, its header {len(header)}'
            )
    rows = [row for row in lines[1:] if row]
    if set(ROW_COLUMNS) <= set(header):
        yield from _by_joints(path, header, rows, img_shape)
    else:
        yield _by_frames(path, header, rows, img_shape)


def _by_joints(
    path: Path,
    header: Sequence[str],
    rows: list[list[str]],
    img_shape: tuple[int, int] | None,
) -> Iterator[Clip]:
    blank = dict(clip=path.stem, label='')
    table = [{**blank, **dict(zip(header, row))} for row in rows]
    joints = dict.fromkeys(row['joint'] for row in table)
    # Numbers keep their order, names that of their appearance.
    names = None if all(name.isdigit() for name in joints) else tuple(joints)
    for name, found in clips_of_rows(path, table, names).items():
        yield array_clip(
            found.keypoint,
            name,
            score=found.score,
            img_shape=img_shape,
            joint_names=names,
            frames=found.frames,
        )


def _by_frames(
    path: Path,
    header: Sequence[str],
    rows: list[list[str]],
    img_shape: tuple[int, int] | None,
) -> Clip:
    joints = _joint_columns(header)
    if not joints or not rows:
        raise ValueError(
            'has no header of joints: expected the columns NAME_x, NAME_y and '
            f'NAME_z of each joint, or {", ".join(ROW_COLUMNS)}; it begins '
            f'with {", ".join(header[:6]) or "nothing"}'
        )
    axes = _axes(joints)
    columns = [own[axis] for own in joints.values() for axis in axes]
    values = np.array(
        [
            [_number(row[column] or 'nan', line) for column in columns]
            for line, row in enumerate(rows, 2)
        ]
    ).reshape(len(rows), len(joints), len(axes))
    pose, frames = _by_person(values.astype(np.float32), header, rows)
    # Of its name the first axis.
    score = np.nan_to_num(pose[..., 0]) if 'score' in axes else None
    return array_clip(
        whole_joints(pose if score is None else pose[..., 1:]),
        path.stem,
        score=score,
        img_shape=img_shape,
        joint_names=tuple(joints),
        rate=_rate(header, rows),
        frames=frames,
    )


def _joint_columns(header: Sequence[str]) -> dict[str, dict[str, int]]:
    joints: dict[str, dict[str, int]] = {}
    for column, name in enumerate(header):
        match = _COLUMN.fullmatch(name)
        if match is not None and name.lower() not in _OTHER:
            axis = (match[2] or match[3]).lower()
            joints.setdefault(match[1], {})[axis] = column
    # A score of something else is none of a joint.
    return {name: own for name, own in joints.items() if set(own) != {'score'}}


def _axes(joints: dict[str, dict[str, int]]) -> list[str]:
    """What every joint has a column of, ordered."""
    axes = sorted({axis for own in joints.values() for axis in own})
    known = ''.join(axes) in ('xy', 'xyz', 'scorexy', 'scorexyz')
    for name, own in joints.items():
        if sorted(own) != axes or not known:
            raise ValueError(
                f'joint {name!r} has the columns {sorted(own)}, expected '
                'x and y, or x, y and z, of every joint, and a score of all '
                'or none'
            )
    return axes


def _number(text: str, line: int) -> float:
    try:
        return float(text or 0)
    except ValueError:
        raise ValueError(f'line {line}: {text!r} is no number') from None


def _by_person(
    values: np.ndarray, header: Sequence[str], rows: list[list[str]]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Rows of joints as (M, T, V, C), and numbers of the frames."""
    known = 'person' in header
    if 'frame' not in header:
        if known:
            raise ValueError("has a column 'person', but none 'frame'")
        return values[None], None
    persons = [row[header.index('person')] if known else '' for row in rows]
    frames = [_number(row[header.index('frame')], i + 2)
              for i, row in enumerate(rows)]  # fmt: skip
    # Of infinity and NaN the rest is NaN.
    if broken := next((str(frame) for frame in frames if frame % 1), None):
        raise ValueError(f'has frame {broken}, which is no whole number')
    (person, frame), count = Counter(zip(persons, frames)).most_common(1)[0]
    if count > 1:
        whose = f' of person {person!r}' if known else ''
        raise ValueError(f'has frame {frame:g}{whose} twice')
    who, row = np.unique(persons, return_inverse=True)
    when, place = np.unique(frames, return_inverse=True)
    shape = (len(who), len(when), *values.shape[1:])
    pose = np.zeros(shape, values.dtype)
    pose[row, place] = values
    return pose, when


def _rate(header: Sequence[str], rows: list[list[str]]) -> float | None:
    if 'time' not in header or len(rows) < 2:
        return None
    column = header.index('time')
    times = [_number(row[column], line) for line, row in enumerate(rows, 2)]
    steps = np.diff(sorted(set(times)))
    return float(1 / np.median(steps)) if steps.size else None
