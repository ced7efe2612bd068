"""Joints in a CSV or in NumPy arrays, turned into an annotation file."""

from __future__ import annotations

import csv
import pickle
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...serialization import write_whole

__all__ = [
    'ROW_COLUMNS',
    'Clip',
    'annotate',
    'check_numbers',
    'clips_of_rows',
    'read_clips',
    'refuse_twice',
    'scored',
    'whole_joints',
    'write_annotations',
]

_AXES = ('x', 'y', 'z')
#: Columns of a table with a row for each joint of each frame.
ROW_COLUMNS = ('frame', 'joint', 'x', 'y')


class Clip(NamedTuple):
    """One clip.

    Args:
        keypoint (np.ndarray): Coordinates, shape (M, T, V, C), C is 2 or 3;
            zero where a joint is missing.
        score (np.ndarray or None): Confidence, shape (M, T, V).
        label (str): Class, a name or a number.
        split (str): Split, or ''.
        frames (np.ndarray, optional): Numbers of the T frames, ascending,
            where a table tells them. Defaults to None.
    """

    keypoint: np.ndarray
    score: np.ndarray | None
    label: str
    split: str
    frames: np.ndarray | None = None


def read_clips(
    path: str | Path,
    *,
    labels: str | Path | None = None,
    joint_names: Sequence[str] | None = None,
) -> dict[str, Clip]:
    """Read clips by name.

    Args:
        path (str or Path): A ``.csv`` with a row for each joint of each
            frame and the columns clip, label, frame, joint, x, y, optionally
            z, score, person and split; an ``.npz`` with an array (T, V, C) or
            (M, T, V, C) for each clip; or an ``.npy`` of N such clips.
        labels (str or Path, optional): For arrays, a CSV with the columns
            clip, label and optionally split; a clip of an ``.npy`` is called
            by its number from 0. Defaults to None.
        joint_names (Sequence[str], optional): Joints in their order, where
            the CSV names them. Defaults to None: numbers from 0.

    Returns:
        dict[str, Clip]: The clips.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is of another form; the first row or clip at fault
            is named.
    """
    if Path(path).suffix == '.csv':
        if labels is not None:
            raise ValueError(f'{path} has a column for labels: no --labels')
        return _from_csv(path, joint_names)
    if labels is None:
        raise ValueError(f'{path} holds arrays, whose labels are in --labels')
    if joint_names is not None:
        raise ValueError(
            f'{path} holds arrays, not joints by name: no --joints'
        )
    arrays = _arrays(path)
    clips = {}
    rows = _rows(labels, ('clip', 'label'))
    refuse_twice(
        labels, ((r['clip'], (r['label'], r.get('split'))) for r in rows)
    )
    for row in rows:
        name = row['clip']
        if name not in arrays:
            raise ValueError(f'{labels} has the clip {name!r}, {path} has not')
        pose = np.asarray(arrays[name])
        pose = pose[None] if pose.ndim == 3 else pose
        if pose.ndim != 4 or pose.shape[3] not in (2, 3) or not pose.size:
            raise ValueError(
                f'clip {name!r} of {path} has the shape {pose.shape}, '
                'expected (frames, joints, 2 or 3), or persons before them'
            )
        pose = whole_joints(pose.astype(np.float32))
        clips[name] = Clip(pose, None, row['label'], row.get('split') or '')
    return clips


def refuse_twice(path: str | Path, told: Iterable[tuple[str, Any]]) -> None:
    """Refuse a table of labels that contradicts itself.

    Args:
        path (str or Path): The table, for the message.
        told (Iterable[tuple[str, Any]]): Clips, and what is said of them.

    Raises:
        ValueError: If a clip is there twice, with different things.
    """
    known: dict[str, Any] = {}
    for name, what in told:
        if known.setdefault(name, what) != what:
            raise ValueError(
                f'{path} has the clip {name!r} twice, with different labels '
                'or splits'
            )


def check_numbers(labels: Collection[int]) -> None:
    """Refuse classes that are counted from 1.

    Args:
        labels (Collection[int]): Labels of all clips.

    Raises:
        ValueError: If they are all the numbers from 1 to the last.
    """
    last = max(labels)
    if sorted(set(labels)) == list(range(1, last + 1)):
        raise ValueError(
            f'labels are the numbers 1 to {last}, but classes begin at 0'
        )


def annotate(
    clips: dict[str, Clip],
    *,
    img_shape: tuple[int, int] | None = None,
    every: int = 4,
) -> dict[str, Any]:
    """Make what an annotation file holds.

    Args:
        clips (dict[str, Clip]): The clips.
        img_shape (tuple[int, int], optional): Height and width in pixels,
            which 2D poses need; the third number of the joints of arrays is
            their score then. Defaults to None.
        every (int): Where no clip tells its split, each so many-th clip of a
            class goes to ``val``, the others to ``train``. Defaults to 4.

    Returns:
        dict: Keys ``split``, ``annotations`` and, where the labels are
        names, ``classes``.

    Raises:
        ValueError: If there is no clip, if one has no label, if some tell
            their split and others do not, if labels are numbers that begin at
            1, or if 2D poses come without ``img_shape``, with a score or not.
    """
    if not clips:
        raise ValueError('there is no clip')
    told = {bool(clip.split) for clip in clips.values()}
    if len(told) == 2:
        raise ValueError('some clips tell their split, others do not')
    if bad := next((n for n, clip in clips.items() if not clip.label), None):
        raise ValueError(f'clip {bad!r} has no label')
    names = sorted({clip.label for clip in clips.values()})
    numbered = all(name.isdigit() for name in names)
    number = {n: int(n) if numbered else i for i, n in enumerate(names)}
    check_numbers(number.values())
    if img_shape is None:
        _refuse_scores(clips)
    split: dict[str, list[str]] = defaultdict(list)
    seen: dict[str, int] = defaultdict(int)
    annotations = []
    for name, clip in clips.items():
        seen[clip.label] += 1
        held_out = seen[clip.label] % every == 0
        split[clip.split or ('val' if held_out else 'train')].append(name)
        annotations.append(
            _annotation(name, clip, number[clip.label], img_shape)
        )
    classes = {} if numbered else dict(classes=names)
    return dict(split=dict(split), annotations=annotations, **classes)


def write_annotations(content: dict[str, Any], path: str | Path) -> None:
    """Write an annotation file, whole or not at all.

    Args:
        content (dict): What :func:`annotate` gives.
        path (str or Path): Where it goes.
    """
    write_whole(path, pickle.dumps(content, protocol=4))


def _refuse_scores(clips: dict[str, Clip]) -> None:
    """Refuse arrays of pixels and scores, which would count as 3D."""
    poses = [c.keypoint for c in clips.values() if c.score is None]
    if not poses or any(pose.shape[3] != 3 for pose in poses):
        return
    # No body is so long in metres, and none so flat in other units.
    largest = max(float(pose[..., :2].max()) for pose in poses)
    if largest > 20 and all(
        (pose[..., 2] >= 0).all() and (pose[..., 2] <= 1).all()
        for pose in poses
    ):
        raise ValueError(
            f'x and y go to {largest:.0f} and the third coordinate from 0 to '
            '1, as pixels and scores do: give height and width of the image '
            'in pixels, --img-shape'
        )


def _annotation(
    name: str, clip: Clip, label: int, img_shape: tuple[int, int] | None
) -> dict[str, Any]:
    pose = clip.keypoint
    # As MMPose and OpenPose write them; a CSV names its columns.
    if img_shape is not None and clip.score is None and pose.shape[3] == 3:
        clip = clip._replace(keypoint=pose[..., :2], score=pose[..., 2])
    found = dict(
        frame_dir=name,
        label=label,
        total_frames=clip.keypoint.shape[1],
        keypoint=clip.keypoint,
    )
    if clip.keypoint.shape[3] == 3:
        return found
    if img_shape is None:
        raise ValueError(
            f'clip {name!r} is 2D: give height and width of the image in '
            'pixels, --img-shape'
        )
    return {
        **found,
        'keypoint_score': scored(clip.keypoint, clip.score),
        'img_shape': img_shape,
        'original_shape': img_shape,
    }


def scored(keypoint: np.ndarray, score: np.ndarray | None) -> np.ndarray:
    """Confidence of 2D joints; where it is not told, that they are there.

    Args:
        keypoint (np.ndarray): Coordinates, shape (M, T, V, 2).
        score (np.ndarray or None): Confidence, shape (M, T, V).

    Returns:
        np.ndarray: Confidence, shape (M, T, V).
    """
    if score is not None:
        return score
    return np.asarray(keypoint.any(3), dtype=np.float32)


def _rows(path: str | Path, needed: Sequence[str]) -> list[dict[str, str]]:
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        missing = set(needed) - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f'{path} lacks the columns {sorted(missing)}')
        rows = []
        for row in reader:
            # Cells beyond the header are under None, those that lack are None.
            if None in row or None in row.values():
                raise ValueError(
                    f'{path}:{reader.line_num}: the row has another number of '
                    f'cells than the header, {len(reader.fieldnames or ())}'
                )
            rows.append(row)
        return rows


def whole_joints(values: np.ndarray) -> np.ndarray:
    """Let joints be missing of which a coordinate is.

    Args:
        values (np.ndarray): Coordinates, shape (..., C); what is missing of
            them is not finite.

    Returns:
        np.ndarray: The same, zero in all coordinates of joints with a missing
        one.
    """
    there = np.isfinite(values).all(axis=-1, keepdims=True)
    return np.asarray(np.where(there, values, 0), values.dtype)


def _arrays(path: str | Path) -> dict[str, np.ndarray]:
    content = np.load(path, allow_pickle=False)
    if isinstance(content, np.ndarray):
        return {str(i): clip for i, clip in enumerate(content)}
    return dict(content)


def _from_csv(
    path: str | Path, joint_names: Sequence[str] | None
) -> dict[str, Clip]:
    return clips_of_rows(
        path, _rows(path, ('clip', 'label', *ROW_COLUMNS)), joint_names
    )


def clips_of_rows(
    path: str | Path,
    rows: list[dict[str, str]],
    joint_names: Sequence[str] | None = None,
) -> dict[str, Clip]:
    """Put clips together from rows of one joint each.

    Args:
        path (str or Path): Where the rows are from, for messages.
        rows (list[dict]): Values by column: clip, label, frame, joint, x, y,
            optionally z, score, person and split.
        joint_names (Sequence[str], optional): Joints in their order, where
            the rows name them. Defaults to None: numbers from 0.

    Returns:
        dict[str, Clip]: Clips by name.

    Raises:
        ValueError: If a row names no joint, holds no number, or disagrees
            with another one of its clip.
    """
    numbers = {name: i for i, name in enumerate(joint_names or ())}
    if not numbers:
        if bad := next((r for r in rows if not r['joint'].isdigit()), None):
            raise ValueError(
                f'{path} names joints, such as {bad["joint"]!r}: their order '
                'is told by --joints'
            )
        most = max((int(row['joint']) for row in rows), default=-1)
        numbers = {str(i): i for i in range(most + 1)}
    parts: dict[str, list[dict[str, str]]] = defaultdict(list)
    for line, row in enumerate(rows, 2):
        if not row['clip']:
            raise ValueError(f'{path}:{line}: the clip has no name')
        if row['joint'] not in numbers:
            raise ValueError(f'{path}:{line}: no joint {row["joint"]!r}')
        parts[row['clip']].append(row)
    return {
        name: _clip(f'clip {name!r} of {path}', found, numbers)
        for name, found in parts.items()
    }


def _clip(
    where: str, rows: list[dict[str, str]], numbers: dict[str, int]
) -> Clip:
    labels = {(row['label'], row.get('split') or '') for row in rows}
    if len(labels) > 1:
        raise ValueError(f'{where} has several labels or splits: {labels}')
    axes = [axis for axis in _AXES if axis in rows[0]]
    try:
        keys = [
            (row.get('person') or '', int(row['frame']), row['joint'])
            for row in rows
        ]
        values = np.array(
            [[float(row[a] or 'nan') for a in axes] for row in rows],
            np.float32,
        )
        scores = np.array([float(row.get('score') or 1) for row in rows])
    except ValueError as error:
        raise ValueError(f'{where}: {error}') from error
    (person, frame, joint), count = Counter(keys).most_common(1)[0]
    if count > 1:
        whose = f' of person {person!r}' if person else ''
        raise ValueError(
            f'{where} has joint {joint!r}{whose} twice in frame {frame}'
        )
    people, frame_inds, joints = zip(*keys)
    persons, who = np.unique(people, return_inverse=True)
    frames, when = np.unique(frame_inds, return_inverse=True)
    at = who, when, np.array([numbers[joint] for joint in joints])
    shape = (len(persons), len(frames), len(numbers))
    keypoint = np.zeros((*shape, len(axes)), np.float32)
    keypoint[at] = whole_joints(values)
    score = np.zeros(shape, np.float32)
    score[at] = scores * keypoint[at].any(1)
    return Clip(keypoint, score, *labels.pop(), frames)
