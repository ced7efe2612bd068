"""CTR-GCN's ``.npz`` of NTU RGB+D, read as an annotation file.

It holds ``x_train`` and ``x_test`` of shape (N, T, 150), the x, y, z of 25
joints of two bodies padded with zeros to T = 300 frames, and ``y_train`` and
``y_test``, one-hot of shape (N, K). Source: the data preparation and feeder
of CTR-GCN, which write it with ``numpy.savez`` and reshape it to
(N, T, 2, 25, 3).
"""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

PERSONS, JOINTS, CHANNELS = 2, 25, 3
_PARTS = ('train', 'test')
# Rows that are read at a time: 45 MB at 300 frames.
_ROWS = 256


def load_ctrgcn_npz(path: str | Path) -> dict[str, Any]:
    """Read an ``.npz`` of CTR-GCN without keeping its padding in memory.

    The file has no sample names; they are made from the part and the row, as
    train_000000, and so stay the same from run to run. Frames after the last
    that is not zero are cut, a second body that is zero throughout is left
    out, and so is a sample that is zero throughout.

    Args:
        path (str or Path): The file.

    Returns:
        dict: ``split`` with the names of train and test, and
        ``annotations`` with ``frame_dir``, ``label``, ``total_frames`` and
        ``keypoint`` (M, T, 25, 3), float32.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no ``.npz``, lacks an array, or an array has
            another shape or type than expected.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'annotation file {path} does not exist')
    split: dict[str, list[str]] = {}
    annotations: list[dict[str, Any]] = []
    try:
        with zipfile.ZipFile(path) as archive:
            _check_names(archive, path)
            for part in _PARTS:
                found = _read_part(archive, part, path)
                split[part] = [sample['frame_dir'] for sample in found]
                annotations += found
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(
            f'annotation file {path} is no whole .npz: {error}'
        ) from error
    return dict(split=split, annotations=annotations)


def _check_names(archive: zipfile.ZipFile, path: Path) -> None:
    present = [name[:-4] for name in archive.namelist() if name[-4:] == '.npy']
    wanted = [f'{kind}_{part}' for part in _PARTS for kind in 'xy']
    lacking = [name for name in wanted if name not in present]
    if lacking:
        raise ValueError(
            f'annotation file {path} lacks {", ".join(lacking)}; it has '
            f'{", ".join(present) or "no array"}, but an .npz of CTR-GCN has '
            f'{", ".join(wanted)}'
        )


def _read_part(
    archive: zipfile.ZipFile, part: str, path: Path
) -> list[dict[str, Any]]:
    """Read the samples of train or of test."""
    labels = _labels(archive, part, path)
    where = f'x_{part} of {path}'
    with _opened(archive, f'x_{part}', path) as (handle, shape, dtype):
        width = PERSONS * JOINTS * CHANNELS
        if len(shape) != 3 or shape[2] != width or dtype.kind != 'f':
            raise ValueError(
                f'{where} is {dtype} of shape {shape}, but should be floats '
                f'of shape (N, T, {width})'
            )
        if shape[0] != len(labels):
            raise ValueError(
                f'{where} has {shape[0]} samples, but y_{part} has '
                f'{len(labels)}'
            )
        samples = []
        rows = _rows(handle, shape, dtype, where)
        for index, (row, label) in enumerate(zip(rows, labels)):
            keypoint = _trim(row)
            if keypoint.size:
                samples.append(
                    dict(
                        frame_dir=f'{part}_{index:06d}',
                        label=int(label),
                        total_frames=keypoint.shape[1],
                        keypoint=keypoint,
                    )
                )
    return samples


def _labels(archive: zipfile.ZipFile, part: str, path: Path) -> np.ndarray:
    """Read labels that are one-hot (N, K), or plain integers (N,)."""
    where = f'y_{part} of {path}'
    with _opened(archive, f'y_{part}', path) as (handle, shape, dtype):
        if dtype.kind not in 'biuf' or len(shape) not in (1, 2):
            raise ValueError(
                f'{where} is {dtype} of shape {shape}, but should be numbers '
                'of shape (N, K)'
            )
        values = _take(handle, shape, dtype, where)
    if values.ndim == 2:
        hot = (values == 1).sum(1) == 1
        wrong = np.flatnonzero(~hot | ((values != 0).sum(1) != 1))
        if wrong.size:
            raise ValueError(f'row {wrong[0]} of {where} is not one-hot')
        return values.argmax(1)
    if (values < 0).any() or (values != np.round(values)).any():
        raise ValueError(f'{where} holds labels that are no integers >= 0')
    return values.astype(np.int64)


@contextlib.contextmanager
def _opened(
    archive: zipfile.ZipFile, name: str, path: Path
) -> Iterator[tuple[IO[bytes], tuple[int, ...], np.dtype]]:
    """Open an array of the archive behind its header."""
    with archive.open(f'{name}.npy') as handle:
        try:
            version = np.lib.format.read_magic(handle)
            if version == (1, 0):
                header = np.lib.format.read_array_header_1_0(handle)
            else:
                header = np.lib.format.read_array_header_2_0(handle)
        except ValueError as error:
            raise ValueError(
                f'{name} of {path} has no readable header: {error}'
            ) from error
        shape, fortran, dtype = header
        if dtype.hasobject or fortran:
            kind = 'Python objects' if dtype.hasobject else 'columns first'
            raise ValueError(
                f'{name} of {path} holds {kind}, but should hold plain '
                'numbers, rows first'
            )
        yield handle, shape, dtype


def _rows(
    handle: IO[bytes], shape: tuple[int, ...], dtype: np.dtype, where: str
) -> Iterator[np.ndarray]:
    """Read an array row by row, ``(T, 150)`` each."""
    for start in range(0, shape[0], _ROWS):
        number = min(_ROWS, shape[0] - start)
        yield from _take(handle, (number, *shape[1:]), dtype, where)


def _take(
    handle: IO[bytes], shape: tuple[int, ...], dtype: np.dtype, where: str
) -> np.ndarray:
    """Read the next numbers of an array."""
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    content = handle.read(size)
    if len(content) < size:
        raise ValueError(f'{where} is cut short')
    return np.frombuffer(content, dtype=dtype).reshape(shape)


def _trim(row: np.ndarray) -> np.ndarray:
    """Cut the padding of one sample, ``(M, T, 25, 3)``."""
    pose = row.reshape(len(row), PERSONS, JOINTS, CHANNELS)
    pose = pose.transpose(1, 0, 2, 3)
    frames = np.flatnonzero((pose != 0).any(axis=(0, 2, 3)))
    persons = pose[0:1] if not pose[1].any() else pose
    length = frames[-1] + 1 if frames.size else 0
    # A copy, so that the rows it was read with can go.
    return np.array(persons[:, :length], dtype=np.float32, order='C')
