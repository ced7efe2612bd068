"""Raw NTU RGB+D text from known coordinates."""

from __future__ import annotations

import numpy as np
import pytest

TAIL = '250.1 200.2 900.3 500.4 0.1 0.2 0.3 0.4 2'


def skeleton_text(frames, joints=25):
    """Write frames, each a list of (identity, 25 x 3 coordinates)."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for identity, pose in bodies:
            lines += [f'{identity} 0 1 0 1 1 0 0.1 -0.2 2', str(joints)]
            lines += [f'{x!r} {y!r} {z!r} {TAIL}' for x, y, z in pose.tolist()]
    return '\n'.join(lines) + '\n'


@pytest.fixture
def to_text():
    return skeleton_text


@pytest.fixture
def person():
    """Maker of a standing person who moves, (T, 25, 3), exact in float16."""

    def make(seed, frames, energy=0.1):
        stance = np.random.RandomState(0).randn(25, 3) * (0.1, 0.6, 0.1)
        stance = stance + (seed % 3, 0, 3)
        motion = np.random.RandomState(seed).randn(frames, 25, 3) * energy
        return (stance + motion).astype(np.float16).astype(np.float64)

    return make
