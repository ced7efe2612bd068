"""Files that hold the poses of Kinetics-400, which its pickle only lists.

MMAction2 has one file per video, ``FRAME_DIR.pkl``; PYSKL has files of many
videos each, which an annotation names under ``raw_file``.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from ...serialization import load_annotations
from ..preparation import UnusableFile

NUM_JOINTS = 17


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
