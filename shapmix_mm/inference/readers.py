"""Files of clips, by their kind."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shapmix_mm.datasets.cache import CacheFile, is_cache
from shapmix_mm.datasets.cache.normalisation import text
from shapmix_mm.datasets.ctrgcn_npz import load_ctrgcn_npz
from shapmix_mm.datasets.pose_file import read_pose_file
from shapmix_mm.datasets.prepare.msrc12 import read_ticks
from shapmix_mm.datasets.prepare.ntu_skeleton import RULES, parse_skeleton
from shapmix_mm.datasets.prepare.nw_ucla import parse_recording
from shapmix_mm.datasets.prepare.skipped import UnusableFile
from shapmix_mm.serialization import load_annotations
from shapmix_mm.skeletons import get_layout

from .clip import Clip, ClipError, annotation_clip, array_clip
from .tables import read_table

__all__ = ['SUFFIXES', 'find_files', 'read_clips']

Shape = Any  # Height and width in pixels, or None.
_KINECT_RATE = 30.0


def find_files(path: str | Path) -> list[tuple[Path, frozenset[str]]]:
    """Files that an input of the command stands for.

    Args:
        path (str or Path): A file, a folder that is searched with all below
            it, or an annotation file with names of samples, as in
            ``FILE.pkl:name1,name2``.

    Returns:
        list[tuple[Path, frozenset[str]]]: Each file, ordered by path, and
        the samples of it that are asked for, none of them standing for all.

    Raises:
        ClipError: If there is no such file, or none of a known kind.
    """
    path, names = Path(path), frozenset[str]()
    if not path.exists() and ':' in path.name:
        file, _, listed = str(path).rpartition(':')
        path, names = Path(file), frozenset(filter(None, listed.split(',')))
    if not path.exists():
        raise ClipError(f'{path}: no such file or folder')
    if not path.is_dir():
        return [(path, names)]
    files = sorted(
        file
        for file in path.rglob('*')
        if file.suffix.lower() in SUFFIXES and file.is_file()
    )
    if not files:
        raise ClipError(
            f'{path}: no file of a known kind in this folder; known are '
            f'{", ".join(SUFFIXES)}'
        )
    return [(file, names) for file in files]


def read_clips(
    path: str | Path,
    names: Collection[str] = (),
    *,
    img_shape: tuple[int, int] | None = None,
) -> list[Clip]:
    """Read the clips of one file.

    Args:
        path (str or Path): The file.
        names (Collection[str]): Names of the clips to take. Defaults to ():
            all.
        img_shape (tuple[int, int], optional): Height and width of the image
            in pixels, of 2D joints that do not tell. Defaults to None.

    Returns:
        list[Clip]: The clips.

    Raises:
        ClipError: If the file is of no known kind, is not of the kind that
            its name says, or lacks a clip.
    """
    path = Path(path)
    read = (
        _annotations if is_cache(path) else SUFFIXES.get(path.suffix.lower())
    )
    if read is None:
        raise ClipError(
            f'{path}: unknown kind of file {path.suffix!r}; known are '
            f'{", ".join(SUFFIXES)}'
        )
    try:
        clips = list(read(path, img_shape))
    except UnusableFile as error:
        detail = f': {error.detail}' if error.detail else ''
        raise ClipError(f'{path}: {error.reason}{detail}') from error
    except (
        EOFError,
        LookupError,
        OSError,
        TypeError,
        ValueError,
        zipfile.BadZipFile,
    ) as error:
        text = ' '.join(str(error.args[0] if error.args else error).split())
        where = '' if str(path) in text else f'{path}: '
        raise ClipError(f'{where}{text}') from error
    if not clips:
        raise ClipError(f'{path} holds no clip')
    if missing := sorted(set(names) - {clip.name for clip in clips}):
        raise ClipError(f'{path} has no clip {", ".join(missing)}')
    return [clip for clip in clips if not names or clip.name in names]


def _annotations(path: Path, img_shape: Shape) -> Iterator[Clip]:
    """Samples of an annotation file, which need no label here."""
    if is_cache(path):
        file = CacheFile(str(path))
        if file.normalisation:
            raise ValueError(
                f'is a cache of samples after {text(file.normalisation)}, '
                f'with which the pipeline begins; give {file.source["path"]}, '
                'of which it was built'
            )
        samples: Any = read_pose_file(str(path)).annotations
        samples = [samples[index] for index in range(len(samples))]
    else:
        samples = load_annotations(path)
    if isinstance(samples, dict) and 'keypoint' in samples:
        samples = [samples]
    elif isinstance(samples, dict):
        if 'annotations' not in samples:
            raise ValueError(
                "lacks the key 'annotations'; it has "
                f'{sorted(map(str, samples))}'
            )
        samples = samples['annotations']
    if not isinstance(samples, list):
        raise ValueError(
            'expected a list of annotations or a dict of split and '
            f'annotations, found a {type(samples).__name__}'
        )
    for number, sample in enumerate(samples):
        if not isinstance(sample, dict):
            raise ValueError(
                f'annotation {number} is a {type(sample).__name__}, '
                'expected a dict'
            )
        clip = annotation_clip(sample, f'{path.stem}_{number}')
        if img_shape is not None and 'img_shape' not in sample:
            clip = clip.changed(img_shape=img_shape)
        yield clip


def _npy(path: Path, img_shape: Shape) -> Iterator[Clip]:
    array = _numpy(path)
    if not isinstance(array, np.ndarray):
        raise ValueError('holds several arrays: is it an .npz?')
    if array.ndim == 5:
        for number, values in enumerate(array):
            name = f'{path.stem}_{number}'
            yield array_clip(values, name, img_shape=img_shape)
    else:
        yield array_clip(array, path.stem, img_shape=img_shape)


def _npz(path: Path, img_shape: Shape) -> Iterator[Clip]:
    content = _numpy(path)
    if isinstance(content, np.ndarray):
        raise ValueError('holds one array: is it an .npy?')
    if 'x_test' in content.files:
        content.close()
        for sample in load_ctrgcn_npz(path)['annotations']:
            yield annotation_clip(sample)
        return
    with content:
        for name in content.files:
            yield array_clip(content[name], name, img_shape=img_shape)


def _numpy(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except (EOFError, ValueError, zipfile.BadZipFile) as error:
        # NumPy's own text would have users load what may run code.
        raise ValueError(f'is no {path.suffix} of numbers') from error


def _skeleton(path: Path, img_shape: Shape) -> Iterator[Clip]:
    raw = parse_skeleton(path.read_bytes())
    persons = RULES['tracked'](raw)
    if not len(persons):
        raise ClipError(f'{path} shows no person')
    yield array_clip(
        persons.astype(np.float32),
        path.stem,
        joint_names=get_layout('nturgb+d').joint_names,
        rate=_KINECT_RATE,
    )


def _json(path: Path, img_shape: Shape) -> Iterator[Clip]:
    yield array_clip(
        parse_recording(path.read_bytes()),
        path.stem,
        joint_names=get_layout('nw-ucla').joint_names,
        rate=_KINECT_RATE,
    )


def _bvh(path: Path, img_shape: Shape) -> Iterator[Clip]:
    try:
        import pybvh
    except ImportError as error:
        raise ClipError(
            f'{path}: BVH files need pybvh, which is not installed: '
            "pip install 'shapmix_mm[optional]'"
        ) from error
    try:
        motion = pybvh.read_bvh_file(path, warn_on_world_up_disagreement=False)
        points = motion.joint_positions()
    # Its parser has no error of its own.
    except Exception as error:
        raise ValueError(f'is no BVH file ({error})') from error
    yield array_clip(
        points.astype(np.float32),
        path.stem,
        joint_names=tuple(motion.joint_names),
        rate=1 / motion.frame_time if motion.frame_time > 0 else None,
    )


def _csv(path: Path, img_shape: Shape) -> Iterator[Clip]:
    content = path.read_bytes()
    first = content[: content.find(b'\n')].split()
    if len(first) == 81 and b',' not in content[:1000]:
        rows = read_ticks(content)
        pace = float(np.median(np.diff(rows[:, 0]))) if len(rows) > 1 else 0
        yield array_clip(
            rows[:, 1:].reshape(-1, 20, 4)[..., :3].astype(np.float32),
            path.stem,
            joint_names=get_layout('nw-ucla').joint_names,
            rate=1e6 / pace if pace > 0 else None,
        )
        return
    yield from read_table(path, img_shape)


#: Reader of each kind of file.
SUFFIXES: dict[str, Callable[[Path, Shape], Iterator[Clip]]] = {
    '.pkl': _annotations,
    '.pickle': _annotations,
    '.npy': _npy,
    '.npz': _npz,
    '.skeleton': _skeleton,
    '.json': _json,
    '.bvh': _bvh,
    '.csv': _csv,
}
