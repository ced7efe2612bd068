"""Annotation files of every kind of value, and caches made of them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

from shapmix_mm.datasets.cache.builder import build_cache


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes most of the time of a tiny set."""
    monkeypatch.setattr('os.fsync', lambda descriptor: None)
    monkeypatch.setattr('mmengine.dataset.base_dataset.gc.collect', int)


@pytest.fixture
def assert_same() -> Callable[[Any, Any], None]:
    """Comparison of samples: keys, types, bits, memory order, writability."""

    def check(one: Any, two: Any) -> None:
        assert type(one) is type(two)
        if isinstance(one, dict):
            assert one.keys() == two.keys()
            for key in one:
                check(one[key], two[key])
        elif isinstance(one, np.ndarray):
            assert (one.dtype, one.shape) == (two.dtype, two.shape)
            assert memory_order(one) == memory_order(two)
            assert one.tobytes() == two.tobytes()
            assert two.flags.writeable and two.flags.aligned
        else:
            assert one == two

    return check


def memory_order(array: np.ndarray) -> list[int]:
    """Strides of the axes that are longer than 1."""
    return [s for s, n in zip(array.strides, array.shape) if n > 1]


@pytest.fixture
def varied() -> dict:
    """Content of an annotation file that has all there may be."""
    rng = np.random.RandomState(3)
    annotations: list[dict] = []
    split: dict[str, list[str]] = dict(xsub_train=[], xsub_val=[])
    for number in range(24):
        persons, frames = 1 + number % 2, 4 + number % 5
        pose = rng.rand(persons, frames, 25, 3) + 0.5
        pose = pose.astype(np.float32 if number % 4 == 3 else np.float16)
        if number % 5 == 1:
            pose = np.asfortranarray(pose)
        pose[:, 2] = 0
        name = f'S001C001P{1 + number % 4:03d}R001A001_{number}'
        split['xsub_val' if number % 4 == 2 else 'xsub_train'].append(name)
        annotation = dict(
            frame_dir=name,
            label=number % 3,
            total_frames=frames,
            keypoint=pose,
            img_shape=(1080, 1920),
            box_score=rng.rand(frames).astype(np.float32),
            valid={0.5: frames - number % 2, 0.6: 0},
        )
        if number % 3:
            annotation['keypoint_score'] = pose[..., 0].copy()
        if number == 7:
            annotation['note'] = ['only', 'here']
        annotations.append(annotation)
    return dict(split=split, annotations=annotations)


@pytest.fixture
def varied_file(tmp_path: Path, varied: dict) -> str:
    """That file."""
    path = tmp_path / 'varied.pkl'
    path.write_bytes(pickle.dumps(varied))
    return str(path)


@pytest.fixture
def cached(tmp_path: Path) -> Callable[..., str]:
    """Function that makes a cache and returns its path."""

    def build(path: str, *transforms: Any, name: str = 'a.cache') -> str:
        build_cache(path, tmp_path / name, transforms=transforms)
        return str(tmp_path / name)

    return build
