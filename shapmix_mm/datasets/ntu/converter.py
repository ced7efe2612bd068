"""One raw file into one annotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..preparation import SourceFile, UnusableFile, read_source_file
from .body_choice import RULES
from .names import parse_file_name
from .skeleton_text import parse_skeleton

DTYPES = ('float16', 'float32')


@dataclass(frozen=True)
class NTUConverter:
    """Makes MMAction2's annotation of a ``.skeleton`` file.

    Args:
        bodies (str): How persons are chosen, a key of :data:`RULES`.
            Defaults to 'tracked'.
        dtype (str): Type of the coordinates, float16 or float32. Defaults
            to 'float16', which is 1 mm to 2 mm at 1 m to 4 m.
    """

    bodies: str = 'tracked'
    dtype: str = 'float16'

    def __post_init__(self) -> None:
        """Refuse rules and types that there are not."""
        if self.bodies not in RULES:
            raise ValueError(
                f'bodies should be one of {list(RULES)}, but got '
                f'{self.bodies!r}'
            )
        if self.dtype not in DTYPES:
            raise ValueError(
                f'dtype should be one of {list(DTYPES)}, but got '
                f'{self.dtype!r}'
            )

    def __call__(self, item: SourceFile) -> dict[str, Any]:
        """Convert one file.

        Args:
            item (SourceFile): A file that :func:`select_files` chose.

        Returns:
            dict: ``frame_dir``, ``label``, ``total_frames`` and ``keypoint``
            of shape (M, T, 25, 3).

        Raises:
            UnusableFile: If it gives no sample.
        """
        raw = parse_skeleton(read_source_file(item))
        if raw.num_frames == 0:
            raise UnusableFile('no frames', 'it has 0 frames')
        persons = RULES[self.bodies](raw)
        if not len(persons):
            raise UnusableFile(
                'no body',
                'all coordinates are zero' if raw.bodies else 'in any frame',
            )
        with np.errstate(over='ignore'):
            keypoint = persons.astype(self.dtype)
        if not np.isfinite(keypoint).all():
            raise UnusableFile(
                'not finite', f'coordinates too large for {self.dtype}'
            )
        name, numbers = parse_file_name(item.name)
        return dict(
            frame_dir=name,
            label=numbers.action - 1,
            total_frames=raw.num_frames,
            keypoint=keypoint,
        )

    def name(self, item: SourceFile) -> str:
        """What a report calls a file.

        Args:
            item (SourceFile): The file.

        Returns:
            str: Its path within its folder or archive.
        """
        return item.name

    def fingerprint(self, item: SourceFile) -> str:
        """Text that changes with the file.

        Args:
            item (SourceFile): The file.

        Returns:
            str: Where it lies, its size and its stamp.
        """
        return repr(tuple(item))
