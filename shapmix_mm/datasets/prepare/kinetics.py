"""Kinetics-400: from a table of contents and kpfiles to samples.

MMAction2 has one file of poses per video, ``FRAME_DIR.pkl``; PYSKL has files
of many videos each, which an annotation names under ``raw_file``.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

import numpy as np

from ...arguments import Fraction, PositiveInt, check_arguments
from ...serialization import load_annotations
from .skipped import UnusableFile

_MAX_SHOWN = 60
NUM_JOINTS = 17
MAX_PERSONS = 2
_KEPT = ('img_shape', 'original_shape')


def whole_number(item: Mapping[str, Any], key: str) -> int:
    """Take a whole number.

    Args:
        item (Mapping): The entry.
        key (str): Name of the field.

    Returns:
        int: The number.

    Raises:
        UnusableFile: If it is missing or something else.
    """
    value: Any = item.get(key)
    if not _is_whole(value):
        raise UnusableFile('malformed', f'{key} is {value!r}, no whole number')
    return int(value)


def shape(item: Mapping[str, Any], key: str) -> tuple[int, ...]:
    """Take height and width of an image.

    Args:
        item (Mapping): The entry.
        key (str): Name of the field.

    Returns:
        tuple[int, int]: Both, as plain integers.

    Raises:
        UnusableFile: If it is no pair of positive integers.
    """
    value = item[key]
    if isinstance(value, np.ndarray):
        value = value.tolist()
    pair = isinstance(value, (tuple, list)) and len(value) == 2
    if not pair or not all(_is_whole(n) and n > 0 for n in value):
        raise UnusableFile(
            'malformed',
            f'{key} is {repr(value)[:_MAX_SHOWN]}, no pair of positive '
            'integers',
        )
    return tuple(int(number) for number in value)


def column(entry: Mapping[str, Any], key: str, count: int) -> np.ndarray:
    """Take one number for each pose.

    Args:
        entry (Mapping): The entry.
        key (str): Name of the field.
        count (int): Number of poses.

    Returns:
        np.ndarray: The numbers, ``(count,)``.

    Raises:
        UnusableFile: If it is no array of so many numbers.
    """
    try:
        numbers = np.asarray(entry.get(key))
    except ValueError as error:
        # Lists of unequal lengths.
        raise UnusableFile('malformed', f'{key}: {error}') from error
    if numbers.shape != (count,) or numbers.dtype.kind not in 'fiu':
        raise UnusableFile(
            'malformed',
            f'{key} has shape {numbers.shape}, but there are {count} poses',
        )
    return numbers


def _is_whole(value: Any) -> bool:
    # Python takes True for 1.
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def find_kpfile(annotation: Mapping[str, Any], folder: str) -> str:
    """Find the file that holds the poses of a video.

    Args:
        annotation (Mapping): Entry of ``k400_2d.pkl``.
        folder (str): Where the kpfiles lie.

    Returns:
        str: Path of the video's own file or of the one it shares.

    Raises:
        UnusableFile: If neither is there, or the name leads elsewhere.
    """
    names = [f'{annotation["frame_dir"]}.pkl']
    if 'raw_file' in annotation:
        names.append(PurePosixPath(str(annotation['raw_file'])).name)
    if any(not _inside(name) for name in names):
        raise UnusableFile('bad name', f'leads out of {folder}')
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    raise UnusableFile('kpfile missing', f'no {" or ".join(names)}')


def read_poses(path: str, frame_dir: str) -> dict[str, Any]:
    """Read the poses of one video.

    Args:
        path (str): What :func:`find_kpfile` gave.
        frame_dir (str): Name of the video.

    Returns:
        dict: ``keypoint`` of shape (N, 17, 3), x, y and score of N poses,
        and whatever else the file says of the video.

    Raises:
        UnusableFile: If the file cannot be read, lacks the video, or holds
            other arrays.
    """
    content = _load(path, os.stat(path).st_mtime_ns)
    if isinstance(content, Mapping) and 'keypoint' not in content:
        content = content.get(frame_dir)
    if not isinstance(content, Mapping) or 'keypoint' not in content:
        raise UnusableFile('malformed', f'{path} has no keypoint for it')
    poses = content['keypoint']
    expected = (NUM_JOINTS, 3)
    if not isinstance(poses, np.ndarray) or poses.dtype.kind not in 'fiu':
        raise UnusableFile('malformed', f'keypoint of {path} is no array')
    if poses.ndim != 3 or poses.shape[1:] != expected:
        raise UnusableFile(
            'wrong joint count',
            f'keypoint of {path} has shape {poses.shape}, expected '
            f'(N, {NUM_JOINTS}, 3)',
        )
    return dict(content)


@functools.lru_cache(maxsize=2)
def _load(path: str, stamp: int) -> Any:
    """Keep a file for the other videos that it may hold."""
    try:
        return load_annotations(path)
    except (ValueError, OSError) as error:
        raise UnusableFile('unreadable', str(error)) from error


def _inside(name: str) -> bool:
    """Whether a name stays in the folder it is joined to."""
    path = PurePosixPath(name)
    return not path.is_absolute() and '..' not in path.parts


def two_persons(
    poses: np.ndarray, frame_inds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Arrange loose poses by person and frame, at most two in a frame.

    Frames without a pose are left out. Where any frame has more than two
    poses, the two with the largest sums of joint scores stay in every frame,
    the larger first; else they keep their order. This is what MMAction2's
    ``DecompressPose(squeeze=True, max_person=2)`` does.

    Args:
        poses (np.ndarray): x, y and score of N poses, ``(N, V, 3)``.
        frame_inds (np.ndarray): Frame of each pose, ``(N,)``.

    Returns:
        tuple[np.ndarray, np.ndarray]: Coordinates ``(M, T, V, 2)`` and
        scores ``(M, T, V)``, float16, zero where there is no person; T is
        the number of frames with a pose.
    """
    order = np.argsort(frame_inds, kind='stable')
    poses = poses[order].astype(np.float16)
    _, frames, counts = np.unique(
        frame_inds[order], return_inverse=True, return_counts=True
    )
    if counts.size and counts.max() > MAX_PERSONS:
        # The sum in half precision, as there: it can decide a tie.
        surest = -poses[..., 2].sum(-1)
        poses = poses[np.lexsort((surest, frames))]
    first = np.cumsum(counts) - counts
    places = np.arange(len(frames)) - first[frames]
    stays = places < MAX_PERSONS
    persons = min(int(counts.max(initial=0)), MAX_PERSONS)
    arranged = np.zeros(
        (persons, len(counts), *poses.shape[1:]), dtype=np.float16
    )
    arranged[places[stays], frames[stays]] = poses[stays]
    return arranged[..., :2].copy(), arranged[..., 2].copy()


@check_arguments
@dataclass(frozen=True)
class PoseConverter:
    """Makes a sample of an entry of ``k400_2d.pkl``.

    Args:
        folder (str): Where the kpfiles lie.
        box_thr (float): Poses whose box has a smaller score are left out.
            Defaults to 0.5.
        valid_ratio (float): Share of its frames in which a video must have a
            pose. Defaults to 0.0, which asks for one.
        form (str): ``'poses'`` puts the poses of the two surest persons into
            the sample; ``'table'`` leaves the entry as it is, for
            ``DecompressPose``. Defaults to 'poses'.
        max_frames (int, optional): Frames to keep of a longer video, evenly
            spaced. Defaults to None, which keeps all.
    """

    folder: str
    box_thr: Fraction = 0.5
    valid_ratio: Fraction = 0.0
    form: Literal['poses', 'table'] = 'poses'
    max_frames: PositiveInt | None = None

    def __call__(self, item: dict[str, Any]) -> dict[str, Any]:
        """Convert one entry.

        Args:
            item (dict): Entry of ``k400_2d.pkl``.

        Returns:
            dict: The sample.

        Raises:
            UnusableFile: If its poses are not there, or too few.
        """
        path = find_kpfile(item, self.folder)
        content = read_poses(path, item['frame_dir'])
        shapes = {key: shape(item, key) for key in _KEPT if key in item}
        poses, frame_inds = self._sure_poses({**item, **content})
        present = len(np.unique(frame_inds))
        frames = whole_number(item, 'total_frames')
        if not present:
            raise UnusableFile('no person', f'above box score {self.box_thr}')
        if present < self.valid_ratio * frames:
            raise UnusableFile(
                'too few poses', f'in {present} of {frames} frames'
            )
        if self.form == 'table':
            if os.path.basename(path) != _own_file(item):
                raise UnusableFile(
                    'shared kpfile', 'form table needs a file per video'
                )
            return item
        return self._sample({**item, **shapes}, poses, frame_inds)

    def name(self, item: dict[str, Any]) -> str:
        """What a report calls an entry.

        Args:
            item (dict): The entry.

        Returns:
            str: Its video.
        """
        return str(item['frame_dir'])

    def fingerprint(self, item: dict[str, Any]) -> str:
        """Text that changes with an entry or its kpfile.

        Args:
            item (dict): The entry.

        Returns:
            str: Its fields, and size and time of the kpfile.
        """
        try:
            status = os.stat(find_kpfile(item, self.folder))
            stamp: Any = (status.st_size, status.st_mtime_ns)
        except (UnusableFile, OSError):
            stamp = None
        fields = [(key, _digest(item[key])) for key in sorted(item)]
        return repr((fields, stamp))

    def _sure_poses(
        self, entry: Mapping[str, Any]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Poses with a large enough box score, and their frames."""
        poses = entry['keypoint']
        frame_inds = column(entry, 'frame_inds', len(poses))
        box_score = column(entry, 'box_score', len(poses))
        if not np.isfinite(frame_inds).all():
            raise UnusableFile(
                'not finite', 'frame_inds holds NaN or infinity'
            )
        sure = box_score >= self.box_thr
        poses = poses[sure]
        with np.errstate(over='ignore'):
            halves = poses.astype(np.float16)
        if not np.isfinite(halves).all():
            raise UnusableFile(
                'not finite', 'keypoint has what is no number in float16'
            )
        return poses, frame_inds[sure]

    def _sample(
        self, item: Mapping[str, Any], poses: np.ndarray, frames: np.ndarray
    ) -> dict[str, Any]:
        keypoint, score = two_persons(poses, frames)
        total = keypoint.shape[1]
        if self.max_frames is not None and total > self.max_frames:
            kept = np.linspace(0, total - 1, self.max_frames).round()
            keypoint = keypoint[:, kept.astype(int)]
            score = score[:, kept.astype(int)]
        return dict(
            frame_dir=item['frame_dir'],
            label=whole_number(item, 'label'),
            **{key: item[key] for key in _KEPT if key in item},
            total_frames=keypoint.shape[1],
            keypoint=keypoint,
            keypoint_score=score,
        )


def _own_file(item: Mapping[str, Any]) -> str:
    return os.path.basename(f'{item["frame_dir"]}.pkl')


def _digest(value: Any) -> str:
    if isinstance(value, np.ndarray):
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes())
        return f'{value.dtype}{value.shape}{content.hexdigest()}'
    return repr(value)
