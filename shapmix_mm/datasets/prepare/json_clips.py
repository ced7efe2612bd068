"""2D poses in JSON, as OpenPose, MMPose and Kinetics-skeleton write them.

OpenPose writes a file for each frame, ``CLIP/..._000000000012_keypoints.json``
with ``people``; MMPose one for each clip, a list of frames with
``instances``; the Kinetics-skeleton set of ST-GCN one for each clip with
``data`` and a label. The other two need a table of labels.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from .archives import Member
from .arrays import check_numbers, refuse_twice
from .conversion import Conversion, Outcome, collect
from .kinetics import two_persons

_FRAME = re.compile(r'(.*?)[_.-]?(\d+)_keypoints')


class Labels(NamedTuple):
    """What a table of labels says.

    Args:
        numbers (dict[str, int]): Label of each clip.
        splits (dict[str, str]): Split of each clip, '' for none.
        classes (list[str]): Names of the classes.
    """

    numbers: dict[str, int]
    splits: dict[str, str]
    classes: list[str]


def read_labels(path: str | Path) -> Labels:
    """Read a CSV with the columns name, label and, if wanted, split.

    Args:
        path (str or Path): The file. Labels are numbers, or names of classes
            that are numbered in alphabetical order.

    Returns:
        Labels: The labels.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a column is missing, the file is no text, a clip is
            there twice with different labels or splits, or labels are
            numbers that begin at 1.
    """
    try:
        with open(path, newline='', encoding='utf-8-sig') as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f'{path} is no table of labels: {error}') from error
    if not rows or not {'name', 'label'} <= rows[0].keys():
        raise ValueError(
            f'{path} needs a first line name,label or name,label,split and '
            'a line for each clip'
        )
    texts = [(row['label'] or '').strip() for row in rows]
    if all(text.isdigit() for text in texts):
        numbers = [int(text) for text in texts]
        classes = [str(k) for k in range(max(numbers) + 1)]
    else:
        classes = sorted(set(texts))
        numbers = [classes.index(text) for text in texts]
    check_numbers(numbers)
    names = [row['name'] for row in rows]
    splits = [(row.get('split') or '').strip() for row in rows]
    refuse_twice(path, zip(names, zip(texts, splits)))
    return Labels(dict(zip(names, numbers)), dict(zip(names, splits)), classes)


def convert_json(
    members: Iterable[Member],
    labels: Labels | None = None,
    img_shape: tuple[int, int] | None = None,
) -> Conversion:
    """Convert clips of any of the three forms.

    Args:
        members (Iterable[Member]): The files.
        labels (Labels, optional): Labels of the clips, over those that the
            files have. Defaults to None.
        img_shape (tuple[int, int], optional): Height and width of the images
            in pixels, without which clips of OpenPose and MMPose are
            skipped; Kinetics-skeleton has shares of them. Defaults to None.

    Returns:
        Conversion: Annotations with ``keypoint`` (M, T, V, 2) and
        ``keypoint_score`` (M, T, V) of the two surest persons of each
        frame, ``img_shape``, the splits of the table, and what was skipped.
    """
    found: dict[str, dict[str, Any]] = {}
    outcomes: list[Outcome] = []
    for member in members:
        try:
            key, clip = _read(member)
            for frame, count in Counter(n for n, _ in clip['frames']).items():
                if count > 1:
                    raise ValueError(f'frame {frame} is there {count} times')
            known = found.setdefault(key, dict(file=member.name, frames={}))
            again = sorted(known['frames'].keys() & dict(clip['frames']))
            if again:
                raise ValueError(f'frame {again[0]} is in another file too')
            known['frames'].update(clip['frames'])
            known.update((k, clip[k]) for k in clip.keys() - {'frames'})
        except ValueError as error:
            outcomes.append((member.name, str(error)))
    outcomes += _outcomes(found.values(), labels, img_shape)
    names = sorted({s for s in (labels.splits if labels else {}).values()})
    splits = {
        split: (lambda a, split=split: labels.splits[a['frame_dir']] == split)
        for split in names
        if split and labels
    }
    return collect(outcomes, splits, _classes(found, labels))


def _outcomes(
    found: Collection[dict[str, Any]],
    labels: Labels | None,
    img_shape: tuple[int, int] | None,
) -> Iterator[Outcome]:
    # The prefix of frames names a clip, unless other folders have it too.
    prefixes = Counter(clip['names'][0] for clip in found)
    names = [
        own[0] if prefixes[own[0]] == 1 else own[-1]
        for own in (clip['names'] for clip in found)
    ]
    uses = Counter(names)
    for name, clip in zip(names, found):
        try:
            if uses[name] > 1:
                raise ValueError(f'another clip is named {name} too')
            yield clip['file'], _annotation(name, clip, labels, img_shape)
        except ValueError as error:
            yield clip['file'], str(error)


def _annotation(
    name: str,
    clip: Mapping[str, Any],
    labels: Labels | None,
    img_shape: tuple[int, int] | None,
) -> dict[str, Any]:
    label = clip.get('label') if labels is None else labels.numbers.get(name)
    if label is None:
        raise ValueError('no label: --labels FILE.csv has none of its name')
    shape = clip.get('img_shape', img_shape)
    if shape is None:
        raise ValueError('no size of its images: --img-shape HEIGHT WIDTH')
    frames = sorted(clip['frames'].items())
    poses = [pose for _, people in frames for pose in people]
    inds = [frame for frame, people in frames for _ in people]
    if not poses:
        raise ValueError('no person in any frame')
    if len({len(pose) for pose in poses}) > 1:
        raise ValueError('poses differ in their number of joints')
    array = np.array(poses, dtype=np.float64)
    if not np.isfinite(array).all() or np.abs(array).max() > 65504:
        raise ValueError('coordinates are not finite in float16')
    keypoint, score = two_persons(array, np.array(inds))
    return dict(
        frame_dir=name,
        label=int(label),
        total_frames=keypoint.shape[1],
        keypoint=keypoint,
        keypoint_score=score,
        img_shape=shape,
        original_shape=shape,
    )


def _classes(
    found: Mapping[str, dict[str, Any]], labels: Labels | None
) -> list[str]:
    if labels is not None:
        return labels.classes
    names = {
        clip['label']: str(clip.get('class', clip['label']))
        for clip in found.values()
        if 'label' in clip
    }
    return [names.get(k, str(k)) for k in range(max(names, default=-1) + 1)]


def _read(member: Member) -> tuple[str, dict[str, Any]]:
    """Read a file: key of its clip, and its frames with their poses."""
    path = PurePosixPath(member.name.replace('\\', '/'))
    if path.suffix != '.json':
        raise ValueError('bad name: expected .json')
    if member.content is None:
        raise ValueError(member.problem)
    match = _FRAME.fullmatch(path.stem)
    try:
        content = json.loads(member.content)
        if isinstance(content, dict) and 'people' in content:
            poses = list(map(_openpose, content['people']))
        elif isinstance(content, dict) and 'data' in content:
            return str(path), dict(names=[path.stem], **_kinetics(content))
        else:
            if isinstance(content, dict):
                content = content['instance_info']
            frames = list(map(_mmpose, content))
            return str(path), dict(names=[path.stem], frames=frames)
    # Deep nesting exhausts the parser's stack before it is a syntax error.
    except (
        AttributeError,
        IndexError,
        KeyError,
        TypeError,
        ValueError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ValueError(
            'unreadable: no JSON of OpenPose, MMPose or Kinetics-skeleton '
            f'({type(error).__name__})'
        ) from error
    if match is None:
        raise ValueError('bad name: no number of a frame')
    folder = path.parent.name
    names = [match[1] or folder, folder]
    frames = [(int(match[2]), poses)]
    return str(path.parent / match[1]), dict(names=names, frames=frames)


def _openpose(person: Mapping[str, Any]) -> np.ndarray:
    """Joints (V, 3): x, y and score."""
    return np.array(person['pose_keypoints_2d'], dtype=float).reshape(-1, 3)


def _kinetics(content: Mapping[str, Any]) -> dict[str, Any]:
    frames = [
        (
            int(frame['frame_index']),
            [
                _scored(np.reshape(person['pose'], (-1, 2)), person['score'])
                for person in frame['skeleton']
            ],
        )
        for frame in content['data']
    ]
    # ST-GCN's set has coordinates of 0 to 1.
    found: dict[str, Any] = dict(frames=frames, img_shape=(1, 1))
    if content.get('label_index') is not None:
        found['label'] = int(content['label_index'])
        found['class'] = content.get('label', found['label'])
    return found


def _mmpose(frame: Mapping[str, Any]) -> tuple[int, list[np.ndarray]]:
    return int(frame['frame_id']), [
        _scored(person['keypoints'], person['keypoint_scores'])
        for person in frame['instances']
    ]


def _scored(points: Any, scores: Any) -> np.ndarray:
    """Joints (V, 3): x, y and score."""
    return np.column_stack(
        (np.asarray(points, float)[:, :2], np.asarray(scores, float))
    )
