"""Random over-sampling: everything once, the rest repeated at random."""

import numpy as np
import pytest
from mmaction.registry import DATA_SAMPLERS
from mmengine.dataset import ClassBalancedDataset, RepeatDataset
from scipy import stats
from torch.utils.data import Subset

from shapmix_mm.datasets import RandomOverSampler

COUNTS = [60, 16, 4, 1]


def test_an_epoch_holds_every_sample_and_all_classes_alike(dataset_of):
    dataset = dataset_of(COUNTS)
    sampler = RandomOverSampler(dataset, seed=0)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == 4 * 60
    assert set(drawn) == set(range(81))
    labels = np.array(dataset.labels)
    assert np.bincount(labels[drawn]).tolist() == [60] * 4
    # The largest class is complete without any repeat.
    assert np.bincount(drawn)[labels == 0].tolist() == [1] * 60
    assert sampler.class_probability().tolist() == [0.25] * 4


def test_repeats_are_uniform_and_drawn_anew_in_each_epoch(dataset_of):
    dataset = dataset_of([60, 16, 4])
    sampler = RandomOverSampler(dataset, seed=1)
    labels = np.array(dataset.labels)
    times, epochs = np.zeros((300, 80)), range(300)
    for epoch in epochs:
        sampler.set_epoch(epoch)
        times[epoch] = np.bincount(list(sampler), minlength=80)
    assert times.min() >= 1
    for label, count in ((1, 16), (2, 4)):
        extra = times[:, labels == label].sum(0) - 300
        assert extra.sum() == 300 * (60 - count)
        assert stats.chisquare(extra).pvalue > 1e-3
    assert len(np.unique(times, axis=0)) == 300


def test_the_order_tells_nothing(dataset_of):
    dataset = dataset_of([50, 10])
    sampler = RandomOverSampler(dataset, seed=2)
    labels = np.array(dataset.labels)
    first = np.zeros(2)
    for epoch in range(400):
        sampler.set_epoch(epoch)
        first += np.bincount(labels[list(sampler)[:5]], minlength=2)
    assert stats.chisquare(first).pvalue > 1e-3


def test_an_epoch_as_long_as_the_dataset_has_classes_alike(dataset_of):
    dataset = dataset_of(COUNTS)
    sampler = RandomOverSampler(dataset, length='dataset', seed=3)
    labels, seen = np.array(dataset.labels), np.zeros(4)
    for epoch in range(200):
        sampler.set_epoch(epoch)
        drawn = list(sampler)
        assert len(drawn) == len(sampler) == 81
        # Cut from one over-sampled list: no sample of the largest class
        # twice.
        assert np.bincount(drawn, minlength=81)[labels == 0].max() == 1
        seen += np.bincount(labels[drawn], minlength=4)
    assert stats.chisquare(seen).pvalue > 1e-3


def test_through_wrappers(dataset_of):
    dataset = dataset_of([9, 3])
    labels = np.array(dataset.labels)
    repeated = RandomOverSampler(RepeatDataset(dataset, 5), seed=0)
    drawn = list(repeated)
    assert len(drawn) == 2 * 9 * 5 and set(drawn) == set(range(60))
    assert np.bincount(np.tile(labels, 5)[drawn]).tolist() == [45, 45]
    half = Subset(dataset, range(0, 12, 2))
    drawn = list(RandomOverSampler(half, seed=0))
    assert set(drawn) == set(range(6))
    assert len(set(np.bincount(labels[::2][drawn]).tolist())) == 1
    wrapped = ClassBalancedDataset(dataset, oversample_thr=0.6)
    entries = labels[np.array(wrapped.repeat_indices)]
    drawn = list(RandomOverSampler(wrapped, seed=0))
    assert set(drawn) == set(range(len(wrapped)))
    assert (
        np.bincount(entries[drawn]).tolist()
        == [np.bincount(entries).max()] * 2
    )


def test_equal_classes_are_a_plain_shuffle(dataset_of):
    drawn = list(RandomOverSampler(dataset_of([5, 5]), seed=0))
    assert sorted(drawn) == list(range(10)) != drawn


def test_it_is_registered():
    assert DATA_SAMPLERS.get('RandomOverSampler') is RandomOverSampler


@pytest.mark.parametrize('length', ['all', None, 100])
def test_bad_lengths_are_named(dataset_of, length):
    with pytest.raises(ValueError, match="should be 'whole' or 'dataset'"):
        RandomOverSampler(dataset_of([1, 1]), length=length)


def test_an_empty_dataset_is_named(dataset_of):
    with pytest.raises(ValueError, match='RandomOverSampler has nothing'):
        RandomOverSampler(Subset(dataset_of([1, 1]), []))
