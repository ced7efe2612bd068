"""An annotation file of the size of NTU RGB+D 120, of random joints."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Callable

import numpy as np

from shapmix_mm.datasets import get_benchmark
from shapmix_mm.serialization import whole_file

__all__ = ['clip_lengths', 'clip_name', 'write_ntu120_sized']

CLASSES, JOINTS = 120, 25
# Actions of two persons: A050 to A060 and A106 to A120.
PAIRED = frozenset([*range(50, 61), *range(106, 121)])
# The publisher gives no quantiles. Clips last a second and more at 30 frames
# per second, and CTR-GCN's arrays end at 300 frames; a log-normal law within
# these bounds has a mean of about 80 frames.
MEDIAN, SIGMA, SHORTEST, LONGEST = 73, 0.42, 32, 300
_POOL = 50_000


def clip_lengths(samples: int, rng: np.random.RandomState) -> np.ndarray:
    """Draw the frames of each clip.

    Args:
        samples (int): How many clips.
        rng (np.random.RandomState): Source of randomness.

    Returns:
        np.ndarray: Lengths, int64, shape (samples,).
    """
    drawn = MEDIAN * np.exp(SIGMA * rng.randn(samples))
    return drawn.round().clip(SHORTEST, LONGEST).astype(np.int64)


def clip_name(number: int) -> str:
    """Name a clip as the set does; classes take turns, then performers.

    Args:
        number (int): Its place in the file.

    Returns:
        str: Such as S001C001P001R001A001.
    """
    rest, action = divmod(number, CLASSES)
    rest, performer = divmod(rest, 106)
    rest, camera = divmod(rest, 3)
    setup, replication = divmod(rest, 2)
    return (
        f'S{setup + 1:03d}C{camera + 1:03d}P{performer + 1:03d}'
        f'R{replication + 1:03d}A{action + 1:03d}'
    )


def write_ntu120_sized(
    path: Path,
    samples: int,
    *,
    seed: int = 0,
    track: Callable[[Iterable], Iterable] = iter,
) -> None:
    """Write the file, unless it is there.

    Args:
        path (Path): Where to.
        samples (int): How many clips.
        seed (int): Seed of lengths and joints. Defaults to 0.
        track (Callable): Wraps the clips, to show how far it is. Defaults
            to iter.
    """
    if path.is_file():
        return
    rng = np.random.RandomState(seed)
    walk = rng.randn(2, _POOL + LONGEST, JOINTS, 3).astype(np.float32) * 0.01
    walk = np.cumsum(walk, axis=1) / 10 + 3
    pool = walk.astype(np.float16)
    lengths = clip_lengths(samples, rng)
    starts = rng.randint(_POOL, size=samples)
    trains = get_benchmark('ntu120_xsub').trains
    split: dict[str, list[str]] = dict(xsub_train=[], xsub_val=[])
    annotations: list[dict[str, Any]] = []
    for number in track(range(samples)):
        name, frames = clip_name(number), int(lengths[number])
        persons = 2 if number % CLASSES + 1 in PAIRED else 1
        first = int(starts[number])
        split['xsub_train' if trains(name) else 'xsub_val'].append(name)
        annotations.append(
            dict(
                frame_dir=name,
                label=number % CLASSES,
                total_frames=frames,
                # A view: the pickle copies it, the memory does not.
                keypoint=pool[:persons, first : first + frames],
            )
        )
    with whole_file(path) as part, open(part, 'wb') as file:
        pickle.dump(dict(split=split, annotations=annotations), file, 4)
