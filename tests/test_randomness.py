"""Random streams: what is drawn after a block does not tell of the block."""

import random
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from shapmix_mm.randomness import preserved_random_state, seed_streams


class Cards:
    """Pretended streams of two GPUs, which torch.manual_seed seeds."""

    def __init__(self, monkeypatch, started):
        self.started = started
        self.states = [torch.tensor([1]), torch.tensor([2])]
        for name, call in (
            ('is_initialized', lambda: self.started),
            ('get_rng_state_all', self.get),
            ('set_rng_state_all', self.put),
            ('manual_seed_all', self.seed),
        ):
            monkeypatch.setattr(torch.cuda, name, call)

    def get(self):
        assert self.started
        return list(self.states)

    def put(self, states):
        for index, state in enumerate(states):
            self.states[index] = state

    def seed(self, seed):
        self.states = [torch.tensor([seed])] * 2


def draw():
    return random.random(), np.random.rand(), torch.rand(1).item()


@pytest.mark.parametrize('fails', [False, True])
def test_streams_of_the_cpu_are_put_back(fails):
    seed_streams(1)
    expected = draw()
    seed_streams(1)
    with pytest.raises(KeyError) if fails else nullcontext():
        with preserved_random_state():
            seed_streams(2)
            assert draw() != expected
            if fails:
                raise KeyError
    assert draw() == expected


def test_streams_of_all_gpus_are_put_back(monkeypatch):
    cards = Cards(monkeypatch, started=True)
    with preserved_random_state():
        torch.manual_seed(5)
        assert torch.cat(cards.states).tolist() == [5, 5]
    assert torch.cat(cards.states).tolist() == [1, 2]


def test_cuda_is_not_started_for_its_streams(monkeypatch):
    # To ask the pretended ones before they start fails.
    Cards(monkeypatch, started=False)
    with preserved_random_state():
        torch.manual_seed(5)
