"""ST-GCN's arrays of skeletons, read as an annotation file.

A part of a set is ``train_data.npy`` (or ``train_data_joint.npy``, or val
instead of train) of shape (N, C, T, V, M), padded with zeros to the longest
clip and to M bodies, with ``train_label.pkl`` beside it: a pair of the names
and the labels. Source: tools of github.com/yysijie/st-gcn and of 2s-AGCN.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from ..serialization import RestrictedUnpickler

_PARTS = ('train', 'val')


def load_stgcn_npy(path: str | Path) -> dict[str, Any]:
    """Read the arrays of a set, without their padding.

    The other part is read as well where it lies in the same folder. Frames
    after the last that is not zero are cut, bodies that are zero throughout
    are left out, and so is a sample that is zero throughout.

    Args:
        path (str or Path): The ``.npy`` of either part.

    Returns:
        dict: ``split`` with the names of train and val, and ``annotations``
        with ``frame_dir``, ``label``, ``total_frames`` and ``keypoint``
        (M, T, V, C); with 2D poses the last channel is the score.

    Raises:
        FileNotFoundError: If there is no such file, or no labels beside it.
        ValueError: If it has another shape or type, or other labels.
    """
    path = Path(path).expanduser()
    own = re.search('train|val', path.name)
    places = {own.group() if own else 'all': path}
    if own:
        for part in _PARTS:
            other = path.with_name(path.name.replace(own.group(), part))
            if other.is_file():
                places[part] = other
    split, annotations = {}, []
    for part in sorted(places):
        samples = _read_part(places[part])
        split[part] = [sample['frame_dir'] for sample in samples]
        annotations += samples
    return dict(split=split, annotations=annotations)


def _read_part(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise FileNotFoundError(f'annotation file {path} does not exist')
    try:
        data = np.load(path, mmap_mode='r', allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(
            f'annotation file {path} is no array of numbers: {error}'
        ) from error
    if data.ndim != 5 or data.dtype.kind != 'f':
        raise ValueError(
            f'annotation file {path} is {data.dtype} of shape {data.shape}, '
            'but an array of ST-GCN is floats of shape (N, C, T, V, M)'
        )
    names, labels = _labels(path, len(data))
    samples = []
    for name, label, clip in zip(names, labels, data):
        pose = np.ascontiguousarray(clip.transpose(3, 1, 2, 0))
        there = (pose != 0).any(axis=(2, 3))
        frames, bodies = there.any(axis=0), there.any(axis=1)
        length = int(np.flatnonzero(frames).max(initial=-1)) + 1
        if length:
            samples.append(
                dict(
                    frame_dir=name,
                    label=label,
                    total_frames=length,
                    keypoint=pose[bodies, :length],
                )
            )
    return samples


def _labels(path: Path, number: int) -> tuple[list[str], list[int]]:
    """Read the names and labels beside an array."""
    stem = re.sub('_?data.*', '_label', path.stem)
    place = path.with_name(f'{stem}.pkl')
    if not place.is_file():
        raise FileNotFoundError(
            f'annotation file {path} has no labels: {place} does not exist'
        )
    try:
        with open(place, 'rb') as file:
            names, labels = RestrictedUnpickler(file, encoding='latin1').load()
        pairs = [
            (str(name).removesuffix('.skeleton'), int(label))
            for name, label in zip(names, labels)
        ]
        if not len(names) == len(labels) == number:
            raise ValueError(f'{len(labels)} labels of {number} samples')
    except Exception as error:
        # A damaged pickle can fail in any opcode, with any exception.
        raise ValueError(
            f'{place} holds no names and labels of {path}: {error}'
        ) from error
    return [name for name, _ in pairs], [label for _, label in pairs]
