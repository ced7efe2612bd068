"""NTU RGB+D 60 and 120: from raw ``.skeleton`` text to annotations."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from ...arguments import check_arguments
from ..name_list import read_name_list
from ..ntu_protocols import (
    NTU_NAME,
    TRAIN_CAMERAS,
    TRAIN_PERFORMERS,
    TRAIN_SETUPS,
    NTUName,
    parse_ntu_name,
)
from .archives import SourceFile, read_source_file
from .ntu_skeleton import RULES, parse_skeleton
from .skipped import Skipped, UnusableFile

SUFFIX = '.skeleton'
# Largest setup, camera, performer, replication and action. Source: the
# descriptions of both sets at rose1.ntu.edu.sg/dataset/actionRecognition.
LARGEST = {60: NTUName(17, 3, 40, 2, 60), 120: NTUName(32, 3, 106, 2, 120)}
# Part of the name that decides, and its values that train.
PROTOCOLS = {
    60: dict(
        xsub=('performer', TRAIN_PERFORMERS), xview=('camera', TRAIN_CAMERAS)
    ),
    120: dict(
        xsub=('performer', TRAIN_PERFORMERS), xset=('setup', TRAIN_SETUPS)
    ),
}
# Sizes without the samples whose skeletons are missing (302 of NTU-60 and
# 535 of NTU-120), by the lists of github.com/shahroudy/NTURGB-D.
PUBLISHED_COUNTS = {
    60: dict(
        xsub_train=40091, xsub_val=16487, xview_train=37646, xview_val=18932
    ),
    120: dict(
        xsub_train=63026, xsub_val=50919, xset_train=54468, xset_val=59477
    ),
}


def parse_file_name(path: str, nturgbd: int = 120) -> tuple[str, NTUName]:
    """Read the name of a raw file.

    Args:
        path (str): Its path, with slashes.
        nturgbd (int): The set that it should belong to, 60 or 120. Defaults
            to 120.

    Returns:
        tuple[str, NTUName]: The name without folder and suffix, and the
        numbers in it.

    Raises:
        UnusableFile: If it is no such name, or one of the larger set.
    """
    file = PurePosixPath(path.replace('\\', '/'))
    name = file.name[: -len(SUFFIX)]
    suffix = file.name[-len(SUFFIX) :].lower()
    # \d admits digits of all scripts.
    plain = name.isascii() and NTU_NAME.fullmatch(name)
    if suffix != SUFFIX or not plain:
        raise UnusableFile(
            'not an NTU name', 'expected SsssCcccPpppRrrrAaaa.skeleton'
        )
    numbers = parse_ntu_name(name)
    for field, number, largest in zip(
        NTUName._fields, numbers, LARGEST[nturgbd]
    ):
        if 1 <= number <= largest:
            continue
        detail = f'{field} {number} is not in 1..{largest}'
        if 1 <= number <= getattr(LARGEST[120], field):
            raise UnusableFile('not in this set', f'{detail} of NTU-60')
        raise UnusableFile('not an NTU name', detail)
    return name, numbers


def read_missing_list(path: str | Path) -> set[str]:
    """Read a list of samples whose skeletons are missing.

    Args:
        path (str or Path): Text with one NTU name in a line; other lines,
            such as a heading, are passed over.

    Returns:
        set[str]: The names.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If no line of it holds a name.
    """
    found = (NTU_NAME.search(line) for line in read_name_list(path))
    names = {match.group() for match in found if match}
    if not names:
        raise ValueError(f'{path} holds no name such as S001C002P005R002A008')
    return names


def split_names(names: Iterable[str], nturgbd: int) -> dict[str, list[str]]:
    """Split samples by both protocols of a set.

    Args:
        names (Iterable[str]): Names of the samples.
        nturgbd (int): 60 or 120.

    Returns:
        dict[str, list[str]]: Names of each split in the order given:
        xsub_train, xsub_val and xview_train, xview_val of NTU-60, or
        xset_train, xset_val of NTU-120.
    """
    protocols = PROTOCOLS[nturgbd]
    split: dict[str, list[str]] = {
        f'{protocol}_{part}': []
        for protocol in protocols
        for part in ('train', 'val')
    }
    for name in names:
        numbers = parse_ntu_name(name)
        for protocol, (field, values) in protocols.items():
            part = 'train' if getattr(numbers, field) in values else 'val'
            split[f'{protocol}_{part}'].append(name)
    return split


def select_files(
    files: Iterable[SourceFile],
    nturgbd: int,
    missing: Collection[str] = frozenset(),
) -> tuple[list[SourceFile], list[Skipped]]:
    """Sort out what the names alone tell.

    Args:
        files (Iterable[SourceFile]): All files there are.
        nturgbd (int): The set, 60 or 120.
        missing (Collection[str]): Samples known to lack their skeletons.
            Defaults to none.

    Returns:
        tuple[list[SourceFile], list[Skipped]]: Files to convert, ordered by
        the names of their samples, files of one name side by side and those
        of one path as they were; and what was left out.
    """
    chosen: list[tuple[str, SourceFile]] = []
    skipped: list[Skipped] = []
    for file in files:
        try:
            name, _ = parse_file_name(file.name, nturgbd)
            if name in missing:
                raise UnusableFile('on the missing list')
            chosen.append((name, file))
        except UnusableFile as error:
            skipped.append(Skipped(file.name, error.reason, error.detail))
    chosen.sort(key=lambda pair: (pair[0], pair[1].source, pair[1].name))
    return [file for _, file in chosen], skipped


@check_arguments
@dataclass(frozen=True)
class NTUConverter:
    """Makes MMAction2's annotation of a ``.skeleton`` file.

    Args:
        bodies (str): How persons are chosen, a key of :data:`RULES`.
            Defaults to 'tracked'.
        dtype (str): Type of the coordinates, float16 or float32. Defaults
            to 'float16', which is 1 mm to 2 mm at 1 m to 4 m.
    """

    bodies: Literal['tracked', 'slots'] = 'tracked'
    dtype: Literal['float16', 'float32'] = 'float16'

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
