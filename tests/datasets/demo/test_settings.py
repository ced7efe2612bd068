"""Settings of the demo set: counts of the long tail, refusals."""

import pytest

from shapmix_mm.datasets.demo import ACTIONS, DemoSettings


def test_train_counts_follow_the_exponential_profile():
    counts = DemoSettings(n_max=100, imbalance=25).train_counts()
    assert counts == [
        100,
        80,
        65,
        52,
        42,
        34,
        27,
        22,
        17,
        14,
        11,
        9,
        7,
        6,
        4,
        4,
    ]


def test_no_class_is_left_without_samples():
    counts = DemoSettings(n_max=4, imbalance=100).train_counts()
    assert min(counts) == 1
    assert len(counts) == len(ACTIONS)


@pytest.mark.parametrize(
    'bad',
    [
        dict(seed=-1),
        dict(n_max=0),
        dict(n_max=1000),
        dict(imbalance=0.5),
        dict(imbalance=float('nan')),
        dict(imbalance=float('inf')),
        dict(noise=float('inf')),
        dict(test_per_class=-1),
        dict(noise=-0.1),
        dict(dropout=1.5),
        dict(nuisance=-1),
        dict(amplitude=(0.9, 0.5)),
        dict(yaw=200),
        dict(frames=(2, 9)),
    ],
    ids=lambda bad: next(iter(bad)),
)
def test_bad_settings_are_named(bad):
    name, value = next(iter(bad.items()))
    with pytest.raises(ValueError, match=f'{name} must be .*, got ') as error:
        DemoSettings(**bad)
    assert repr(value) in str(error.value)
