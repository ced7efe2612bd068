"""What holds of the epochs of every sampler, on one rank and on several."""

import itertools

import numpy as np
import pytest
from mmengine.dataset import RepeatDataset

from shapmix_mm.datasets import (
    ClassBalancedSampler,
    CompositionSampler,
    PairedSampler,
    ProgressiveSampler,
    RandomOverSampler,
    TailRepeatSampler,
)

COUNTS = [60, 16, 4, 1]
# Sampler, arguments, what an epoch deals out and indices of each of these.
CASES = [
    (ClassBalancedSampler, {}, 81, 1),
    (ClassBalancedSampler, dict(num_samples=5), 5, 1),
    (ClassBalancedSampler, dict(num_samples=100), 100, 1),
    (RandomOverSampler, {}, 240, 1),
    (RandomOverSampler, dict(length='dataset'), 81, 1),
    (ProgressiveSampler, dict(max_epochs=9), 162, 1),
    # Of four classes the last two are repeated.
    (TailRepeatSampler, {}, 60 + 16 + 60 + 60, 1),
    (PairedSampler, {}, 81, 2),
    # A group for each sample of the two rare classes.
    (CompositionSampler, dict(num_composed=1), 5, 4),
]
every_case = pytest.mark.parametrize(('kind', 'kwargs', 'num', 'width'), CASES)


@pytest.fixture
def data(dataset_of, kind):
    dataset = dataset_of(COUNTS)
    # Whose passes have laws of their own.
    return RepeatDataset(dataset, 2) if kind is ProgressiveSampler else dataset


def epoch(sampler, number):
    sampler.set_epoch(number)
    if isinstance(sampler, CompositionSampler):
        sampler.set_confusion(np.eye(len(COUNTS)))
    return list(sampler)


@every_case
@pytest.mark.parametrize('world', [2, 3, 7])
def test_ranks_share_one_draw(world_of, data, kind, kwargs, num, width, world):
    (whole,) = world_of(1, kind, data, seed=4, **kwargs)
    total = epoch(whole, 2)
    assert len(total) == len(whole) == num * width
    shares = []
    for sampler in world_of(world, kind, data, seed=4, **kwargs):
        shares.append(epoch(sampler, 2))
        assert len(shares[-1]) == len(sampler) == -(-num // world) * width
    dealt = np.array(shares).reshape(world, -1, width).swapaxes(0, 1)
    # No draw is lost or given twice; only the padding repeats the first.
    assert dealt.ravel().tolist() == np.resize(total, dealt.size).tolist()


@every_case
def test_seed_and_epoch_alone_tell_the_draw(data, kind, kwargs, num, width):
    def drawn(seed, number):
        sampler = kind(data, seed=seed, **kwargs)
        # The global state must not matter, nor how often it was iterated.
        np.random.seed(number)
        first = epoch(sampler, number)
        assert first == list(sampler)
        return tuple(first)

    keys = list(itertools.product(range(3), range(3)))
    draws = [drawn(*key) for key in keys]
    assert [drawn(*key) for key in keys] == draws
    # Nor is epoch 1 of seed 0 epoch 0 of seed 1.
    assert len(set(draws)) == len(keys)
