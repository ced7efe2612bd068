"""Make a cache of an annotation file."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ...serialization import whole_file
from ..pose_checks import check_poses, unusable
from ..pose_file import PoseFile, read_pose_file, sample_name
from .cache_file import CacheFile, CacheWriter, is_cache
from .normalisation import leading, text
from .source import fingerprint, unchanged


def build_cache(
    ann_file: str | Path,
    out: str | Path,
    *,
    transforms: Sequence[Callable[[dict], dict]] = (),
    overwrite: bool = False,
    track: Callable[[Iterable], Iterable] = iter,
) -> CacheFile:
    """Turn an annotation file into a memory-mapped one.

    It appears when it is whole; a build that fails leaves nothing.

    Args:
        ann_file (str or Path): Any file that LongTailedPoseDataset reads.
        out (str or Path): The cache to make.
        transforms (Sequence[Callable]): Deterministic transforms that every
            sample goes through, once and for all. Defaults to ().
        overwrite (bool): Whether to replace an older cache in that place.
            Defaults to False.
        track (Callable): Wraps the samples, to show how far it is. Defaults
            to iter.

    Returns:
        CacheFile: What was made, or what was there if it fits already.

    Raises:
        FileExistsError: If something else is in that place.
        OSError: If the file cannot be written.
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
        raise ValueError(f'{ann_file} is a cache, not an annotation file')
    if _present(out, ann_file, steps, overwrite):
        return CacheFile(out)
    source = fingerprint(ann_file)
    file = read_pose_file(str(ann_file))
    with whole_file(out) as part, open(part, 'wb') as stream:
        _write(file, stream, source, transforms, track)
        if not unchanged(source, source['path']):
            raise ValueError(f'{ann_file} was changed while it was read')
    return CacheFile(out)


def _present(
    out: Path, ann_file: str | Path, steps: list[dict], overwrite: bool
) -> bool:
    """Whether the wanted cache is there; refuse what may not be replaced."""
    if not out.exists():
        return False
    if out.is_dir() or not is_cache(out):
        raise FileExistsError(
            f'{out} is there and is no cache of this version; it is not '
            'replaced'
        )
    if overwrite:
        return False
    try:
        found = CacheFile(out)
        fits = found.normalisation == steps
        fits = fits and unchanged(found.source, ann_file)
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
    stream: BinaryIO,
    source: dict[str, Any],
    transforms: Sequence[Callable[[dict], dict]],
    track: Callable[[Iterable], Iterable],
) -> None:
    writer = CacheWriter(stream)
    shapes = np.full((len(file.annotations), 4), -1)
    invalid = {}
    posed = any('keypoint' in a for a in file.annotations)
    for row, annotation in enumerate(track(file.annotations)):
        if posed:
            check_poses([annotation], file.path)
            shapes[row] = annotation['keypoint'].shape
            if what := unusable(annotation):
                invalid[row] = what
        writer.add(_prepared(annotation, transforms, file.path))
    writer.finish(
        source=source,
        normalisation=leading(transforms),
        splits=_split_rows(file),
        shapes=shapes,
        invalid=invalid,
        classes=file.classes,
        salient_parts=file.salient_parts,
    )


def _split_rows(file: PoseFile) -> dict[str, np.ndarray]:
    names = [sample_name(annotation) for annotation in file.annotations]
    rows = {}
    for name, members in file.splits.items():
        inside = set(members)
        listed = [row for row, own in enumerate(names) if own in inside]
        rows[name] = np.array(listed, dtype=np.int64)
    return rows


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
