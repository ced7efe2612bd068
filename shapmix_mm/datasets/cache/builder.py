"""Make a cache of an annotation file."""

from __future__ import annotations

import copy
import errno
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..pose_checks import check_poses, invalid_samples
from ..pose_file import PoseFile, read_pose_file, sample_name
from .column_writer import ColumnWriter
from .index import FILE_NAME, CacheIndex, is_cache, read_index
from .normalisation import leading, text
from .part_folder import part_folder
from .source import fingerprint, unchanged

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def build_cache(
    ann_file: str | Path,
    out: str | Path,
    *,
    transforms: Sequence[Callable[[dict], dict]] = (),
    overwrite: bool = False,
    track: Callable[[Iterable], Iterable] = iter,
) -> CacheIndex:
    """Turn an annotation file into a folder of memory-mapped arrays.

    The folder appears when it is whole; a build that fails leaves nothing.

    Args:
        ann_file (str or Path): Any file that LongTailedPoseDataset reads.
        out (str or Path): Folder to make.
        transforms (Sequence[Callable]): Deterministic transforms that every
            sample goes through, once and for all. Defaults to ().
        overwrite (bool): Whether to replace an older cache in that place.
            Defaults to False.
        track (Callable): Wraps the samples, to show how far it is. Defaults
            to iter.

    Returns:
        CacheIndex: What was made, or what was there if it fits already.

    Raises:
        FileExistsError: If something else is in that place.
        OSError: If the folder cannot be written.
        ValueError: If a sample cannot be taken or a transform is not
            deterministic.
    """
    out = Path(out).expanduser()
    steps = leading(transforms)
    if len(steps) < len(transforms):
        raise ValueError(
            f'{type(transforms[len(steps)]).__name__} is not known to be '
            'deterministic, so that it cannot be done once and for all'
        )
    if is_cache(ann_file):
        raise ValueError(f'{ann_file} is a folder, not an annotation file')
    if _present(out, ann_file, steps, overwrite):
        return read_index(out)
    source = fingerprint(ann_file)
    file = read_pose_file(str(ann_file))
    try:
        with part_folder(out) as part:
            index = _write(file, part, source, transforms, track)
            if not unchanged(source, source['path']):
                raise ValueError(f'{ann_file} was changed while it was read')
            _write_index(index, part / FILE_NAME)
    except OSError as error:
        raise _explained(error, out) from error
    return index


def _present(
    out: Path, ann_file: str | Path, steps: list[dict], overwrite: bool
) -> bool:
    """Whether the wanted cache is there; refuse what may not be replaced."""
    if not out.exists():
        return False
    if out.is_dir() and not (out / FILE_NAME).exists():
        if any(out.iterdir()):
            raise FileExistsError(
                f'{out} is there and is no cache; it is not replaced'
            )
        return False
    if not out.is_dir():
        raise FileExistsError(f'{out} is a file; --out names a folder')
    if overwrite:
        return False
    try:
        index = read_index(out)
        fits = index.normalisation == steps
        fits = fits and unchanged(index.source, ann_file)
    except ValueError:
        fits = False
    if not fits:
        raise FileExistsError(
            f'{out} is a cache of another file, version or normalisation; '
            '--overwrite replaces it'
        )
    return True


def _write(
    file: PoseFile,
    folder: Path,
    source: dict[str, Any],
    transforms: Sequence[Callable[[dict], dict]],
    track: Callable[[Iterable], Iterable],
) -> CacheIndex:
    """Write all files but the index."""
    writer = ColumnWriter(folder)
    finite = np.ones(len(file.annotations), dtype=bool)
    posed = any('keypoint' in a for a in file.annotations)
    try:
        for row, annotation in enumerate(track(file.annotations)):
            if posed:
                check_poses([annotation], file.path)
                finite[row] = not invalid_samples([annotation])
            writer.add(_prepared(annotation, transforms, file.path))
        columns = writer.finish()
    finally:
        writer.close()
    names = [sample_name(annotation) for annotation in file.annotations]
    splits = {}
    for number, (name, members) in enumerate(file.splits.items()):
        inside = set(members)
        rows = [row for row, own in enumerate(names) if own in inside]
        splits[name] = writer.array(
            f'split{number}', np.array(rows, dtype=np.int64)
        )
    return CacheIndex(
        source=source,
        normalisation=leading(transforms),
        samples=len(names),
        columns=columns,
        splits=splits,
        finite=writer.array('finite', finite),
        files=writer.files,
        classes=file.classes,
        salient_parts=file.salient_parts,
    )


def _write_index(index: CacheIndex, path: Path) -> None:
    """Write the index and bring it to the disk, as the arrays are."""
    with open(path, 'x', encoding='utf-8') as file:
        file.write(index.text())
        file.flush()
        # Else a power cut after the rename may leave an empty index.
        os.fsync(file.fileno())


def _prepared(
    annotation: Any, transforms: Sequence[Callable[[dict], dict]], path: str
) -> dict:
    """Send a copy of a sample through the transforms."""
    if not transforms:
        return annotation
    sample = copy.deepcopy(annotation)
    for transform in transforms:
        try:
            sample = transform(sample)
        except Exception as error:
            # Transforms of others may fail in any way.
            raise ValueError(
                f'sample {sample_name(annotation)!r} of {path} cannot go '
                f'through {text(leading([transform]))}: '
                f'{type(error).__name__} {error}'
            ) from error
    return sample


def _explained(error: OSError, out: Path) -> OSError:
    """Say in one sentence why the folder could not be written."""
    if error.errno in _FULL:
        free = shutil.disk_usage(_existing(out)).free / 1e9
        problem = (
            f'no space left for the cache {out} ({free:.1f} GB free); '
            'nothing of it is left, and --out names another disk'
        )
    elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        problem = (
            f'cannot write the cache {out}: {error.strerror}; --out names '
            'a folder on another disk'
        )
    else:
        problem = f'cannot write the cache {out}: {error.strerror or error}'
    return OSError(error.errno, problem)


def _existing(path: Path) -> Path:
    return next(p for p in (path, *path.parents) if p.exists())
