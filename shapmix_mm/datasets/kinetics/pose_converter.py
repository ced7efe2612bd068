"""One video of Kinetics-400 into one annotation."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..preparation import UnusableFile
from .fields import column, shape, whole_number
from .kpfiles import find_kpfile, read_poses
from .two_persons import two_persons

FORMS = ('poses', 'table')
_KEPT = ('img_shape', 'original_shape')


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
    box_thr: float = 0.5
    valid_ratio: float = 0.0
    form: str = 'poses'
    max_frames: int | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.form not in FORMS:
            raise ValueError(
                f'form should be one of {list(FORMS)}, but got {self.form!r}'
            )
        for name in ('box_thr', 'valid_ratio'):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f'{name} should lie in 0..1, but got {getattr(self, name)}'
                )
        if self.max_frames is not None and self.max_frames < 1:
            raise ValueError(
                f'max_frames should be at least 1, but got {self.max_frames}'
            )

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
