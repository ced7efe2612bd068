"""Pairs of one loader: what even and odd places hold."""

import numpy as np
import pytest

from shapmix_mm.datasets import PairedSampler

COUNTS = (60, 20, 5)


def test_even_places_hold_the_data_once(dataset_of):
    sampler = PairedSampler(dataset_of(COUNTS), seed=1)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == 2 * 85
    assert sorted(drawn[::2]) == list(range(85))
    assert drawn[::2] != sorted(drawn[::2])


@pytest.mark.parametrize('power', [0.0, 0.2, 1.0])
def test_partners_follow_the_power(power, dataset_of):
    dataset = dataset_of(COUNTS)
    sampler = PairedSampler(dataset, seed=1, power=power)
    partners = []
    for epoch in range(200):
        sampler.set_epoch(epoch)
        partners += list(sampler)[1::2]
    share = np.bincount(np.array(dataset.labels)[partners]) / len(partners)
    # The authors weigh each sample with n ** -power.
    wanted = np.array(COUNTS) ** (1 - power)
    np.testing.assert_allclose(share, wanted / wanted.sum(), atol=0.015)
