"""Annotation files of synthetic clips that are like NTU RGB+D in shape."""

from __future__ import annotations

import pickle
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

FRAMES = (60, 120)
# Persons, and how many of them are there.
KINDS = tuple(product(((1, 1), (2, 1), (2, 2)), ('float16', 'float32')))


def write_clips(path: Path, samples: int, seed: int) -> None:
    """Write an annotation file whose samples take turns in their kind.

    Args:
        path (Path): Where to.
        samples (int): How many.
        seed (int): Seed of the joints.
    """
    rng = np.random.RandomState(seed)
    annotations: list[dict[str, Any]] = []
    for number in range(samples):
        (persons, present), dtype = KINDS[number % len(KINDS)]
        frames = int(rng.randint(FRAMES[0], FRAMES[1] + 1))
        body = rng.randn(persons, 1, 25, 3) * 0.3 + [0, 0, 3]
        steps = rng.randn(persons, frames, 25, 3) * 0.01
        pose = body + steps.cumsum(axis=1)
        pose[present:] = 0
        annotations.append(
            dict(
                frame_dir=f'clip{number:05d}',
                label=number % 60,
                total_frames=frames,
                keypoint=pose.astype(dtype),
            )
        )
    names = [annotation['frame_dir'] for annotation in annotations]
    content = dict(
        split=dict(xsub_train=names, xsub_val=names), annotations=annotations
    )
    path.write_bytes(pickle.dumps(content))
