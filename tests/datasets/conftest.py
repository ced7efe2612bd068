"""Small annotation files for the dataset tests."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest


@pytest.fixture
def pose_content() -> Callable[..., dict]:
    """Builder of the content of an annotation file.

    Train has ``counts[k]`` samples of class k, val has two of each class.
    """

    def build(counts: Sequence[int], joints: int = 5, **extra: Any) -> dict:
        rng = np.random.RandomState(0)
        splits: dict[str, list[str]] = dict(xsub_train=[], xsub_val=[])
        annotations = []
        for split, sizes in (
            ('xsub_train', counts),
            ('xsub_val', [2] * len(counts)),
        ):
            for label, size in enumerate(sizes):
                for i in range(size):
                    name = f'{split[5:]}_{label}_{i:03d}'
                    frames = 4 + i % 3
                    pose = rng.rand(1, frames, joints, 3)
                    splits[split].append(name)
                    annotations.append(
                        dict(
                            frame_dir=name,
                            label=label,
                            total_frames=frames,
                            keypoint=pose.astype(np.float32),
                        )
                    )
        return dict(split=splits, annotations=annotations, **extra)

    return build


@pytest.fixture
def write_pose_file(
    tmp_path: Path, pose_content: Callable[..., dict]
) -> Callable[..., str]:
    """Writer of an annotation file, from counts or from given content."""

    def write(content: Any, name: str = 'poses.pkl', **extra: Any) -> str:
        if isinstance(content, (list, tuple)) and all(
            isinstance(n, int) for n in content
        ):
            content = pose_content(content, **extra)
        path = tmp_path / name
        path.write_bytes(pickle.dumps(content))
        return str(path)

    return write


@pytest.fixture
def broken_file(
    write_pose_file: Callable[..., str], pose_content: Callable[..., dict]
) -> str:
    """Four and three samples that train, one of them not finite; so of val."""
    content = pose_content([4, 3])
    for sample in content['annotations']:
        if sample['frame_dir'] == 'train_0_001':
            sample['keypoint'][0, 1, 2] = np.nan
        if sample['frame_dir'] == 'val_1_001':
            sample['keypoint'][0, 1, 2] = np.inf
    return write_pose_file(content)
