"""Samples for the fast transforms, and their comparison with stock."""

from __future__ import annotations

import warnings
from typing import Any, Callable

import numpy as np
import pytest

DTYPES = (np.float16, np.float32, np.float64)


@pytest.fixture(scope='session')
def draw_pose() -> Callable[..., dict]:
    """Drawer of samples, odd ones among them; a number gives one sample."""

    def draw(number: int, joints: int = 25, channels: int = 3) -> dict:
        rng = np.random.RandomState(number)
        persons, frames = rng.randint(1, 3), rng.choice([1, 2, 9, 30, 75])
        body = rng.randn(1, 1, joints, channels) * 0.4 + 1
        steps = 0.01 * rng.randn(persons, frames, joints, channels)
        pose = (body + steps.cumsum(axis=1)).astype(rng.choice(DTYPES))
        if rng.rand() < 0.7:
            _spoil(pose, rng)
        return dict(
            frame_dir=f'sample {number}',
            label=int(rng.randint(60)),
            total_frames=int(frames),
            keypoint=pose,
        )

    return draw


def _spoil(pose: np.ndarray, rng: np.random.RandomState) -> None:
    """Do to a sample what trackers do, and worse."""
    persons, frames, joints = pose.shape[:3]
    person, frame = rng.randint(persons), rng.randint(frames)
    for what in rng.choice(10, size=rng.randint(1, 4), replace=False):
        if what == 0:
            pose[-1] = 0
        elif what == 1:
            pose[person, :frame] = 0
        elif what == 2:
            pose[person, frame:] = 0
        elif what == 3:
            pose[:, rng.rand(frames) < 0.4] = 0
        elif what == 4:
            pose[person][rng.rand(frames, joints) < 0.1] = 0
        elif what == 5:
            pose[person, frame] = rng.choice([1e-9, 1e-8, 2e-8, -1e-7, -0.0])
        elif what == 6:
            pose[person, frame, rng.randint(joints)] = np.nan
        elif what == 7:
            pose[person, frame, rng.randint(joints), 0] = np.inf
        elif what == 8:
            pose[person, :, 1] = pose[person, :, 0]
        else:
            pose[0, :, 4] = pose[0, :, 8] + np.eye(pose.shape[-1])[0]


@pytest.fixture(scope='session')
def compare() -> Callable[..., dict | None]:
    """Compare two transforms: results, errors, input and random state."""

    def run(fast: Any, stock: Any, sample: dict, seed: int = 0) -> dict | None:
        before = {key: np.copy(value) for key, value in sample.items()}
        outcomes = []
        for transform in (stock, fast):
            np.random.seed(seed)
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                try:
                    results = transform(dict(sample))
                except Exception:
                    # Whatever stock fails on has to fail.
                    results = None
            outcomes.append((results, np.random.get_state()))
        for key, value in before.items():
            assert_same(value, np.asarray(sample[key]), f'input {key}')
        (want, state), (got, own_state) = outcomes
        assert (want is None) == (got is None), sample['frame_dir']
        if want is not None:
            assert got.keys() == want.keys()
            for key in want:
                assert type(got[key]) is type(want[key]), key
                assert_same(want[key], got[key], key)
            for one, other in zip(state, own_state):
                np.testing.assert_array_equal(one, other)
        return got

    return run


def assert_same(want: Any, got: Any, what: str) -> None:
    """Same dtype, shape and bits; a NaN equals any other."""
    if not isinstance(want, np.ndarray):
        assert want is got or want == got, what
        return
    assert got.dtype == want.dtype, what
    np.testing.assert_array_equal(got, want, err_msg=what)
    if want.dtype.kind == 'f':
        numbers = ~np.isnan(want)
        np.testing.assert_array_equal(
            np.signbit(got[numbers]), np.signbit(want[numbers]), what
        )
