"""The random streams of a process: seeded by a key, or left as they were."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import Iterator

import numpy as np
import torch

__all__ = ['preserved_random_state', 'seed_streams']


def seed_streams(*key: int) -> None:
    """Seed Python, numpy and torch, on all devices.

    Args:
        key (int): Numbers that are not negative; other numbers, or another
            order of them, seed unrelated streams.
    """
    state = np.random.SeedSequence(key).generate_state(4)
    random.seed(int(state[0]))
    np.random.seed(int(state[1]))
    torch.manual_seed(int(state[2]) << 31 ^ int(state[3]))


@contextmanager
def preserved_random_state() -> Iterator[None]:
    """Leave Python's, numpy's and torch's global streams as they were.

    Those of the GPUs are among them, if CUDA is in use by then.
    """
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    # To ask for them would start CUDA, which a process may not want.
    used = torch.cuda.is_initialized()
    devices = torch.cuda.get_rng_state_all() if used else []
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        torch.cuda.set_rng_state_all(devices)
