"""The longtail dict of a config."""

from __future__ import annotations

import pytest
from mmengine.config import ConfigDict

from shapmix_mm.datasets import LongTailSpec


def test_from_config_dict():
    spec = LongTailSpec.from_config(
        ConfigDict(profile='counts', counts=[3, 2], order=[1, 0])
    )
    assert spec == LongTailSpec(profile='counts', counts=[3, 2], order=[1, 0])
    assert LongTailSpec.from_config(spec) is spec


@pytest.mark.parametrize(
    ('config', 'error', 'message'),
    [
        (dict(imblance=10), KeyError, "unknown key 'imblance'"),
        (dict(imbalance=0.5), ValueError, '>= 1, but got 0.5'),
        (dict(profile='linear'), ValueError, "but got 'linear'"),
        (dict(names='person'), ValueError, "but got 'person'"),
        (dict(seed=-1), ValueError, 'seed'),
        (dict(seed=1.5), TypeError, 'seed'),
        (dict(profile='counts'), ValueError, 'without counts'),
        (dict(counts=[1]), ValueError, "profile 'exp' with counts"),
        (dict(profile='list'), ValueError, 'without file'),
        (dict(file='a'), ValueError, "profile 'exp' with file"),
        ('exp', TypeError, 'should be a dict'),
    ],
)
def test_refused(config, error, message):
    with pytest.raises(error, match=message):
        LongTailSpec.from_config(config)


def test_keys_of_a_merged_base_config_do_no_harm():
    spec = LongTailSpec(profile='list', file='a.txt', imbalance=100, n_max=600)
    assert spec.file == 'a.txt'
