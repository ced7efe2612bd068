"""Pairs of one loader: what even and odd places hold, on any rank."""

import numpy as np
import pytest
from mmaction.registry import DATA_SAMPLERS

import shapmix_mm  # noqa: F401
from shapmix_mm.datasets.samplers import class_balanced_sampler

COUNTS = (60, 20, 5)


class Labels(list):
    def __init__(self):
        super().__init__(np.repeat(np.arange(3), COUNTS).tolist())

    def get_cat_ids(self, idx):
        return [self[idx]]


def build(**kwargs):
    return DATA_SAMPLERS.build(
        dict(type='PairedSampler', dataset=Labels(), seed=1, **kwargs)
    )


def test_even_places_hold_the_data_once():
    sampler = build()
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == 2 * 85
    assert sorted(drawn[::2]) == list(range(85))
    assert drawn[::2] != sorted(drawn[::2])


@pytest.mark.parametrize('power', [0.0, 0.2, 1.0])
def test_partners_follow_the_power(power, authors):
    sampler = build(power=power)
    partners = []
    for epoch in range(200):
        sampler.set_epoch(epoch)
        partners += list(sampler)[1::2]
    share = np.bincount(np.array(Labels())[partners]) / len(partners)
    # The authors weigh each sample with n ** -power.
    wanted = np.array(COUNTS) ** (1 - power)
    np.testing.assert_allclose(share, wanted / wanted.sum(), atol=0.015)


def test_an_epoch_follows_from_its_number_alone():
    one, other = build(), build()
    list(one), one.set_epoch(3), other.set_epoch(3)
    assert list(one) == list(other)
    other.set_epoch(4)
    assert list(one) != list(other)


def test_ranks_share_the_pairs(monkeypatch):
    whole = np.array(list(build())).reshape(-1, 2)
    found = []
    for rank in range(2):
        monkeypatch.setattr(
            class_balanced_sampler, 'get_dist_info', lambda r=rank: (r, 2)
        )
        sampler = build()
        found.append(np.array(list(sampler)).reshape(-1, 2))
        assert len(sampler) == 86
    # 85 pairs on two ranks: the first is dealt out twice.
    np.testing.assert_array_equal(found[0], whole[::2])
    np.testing.assert_array_equal(found[1], np.r_[whole[1::2], whole[:1]])
