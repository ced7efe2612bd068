"""BRL's sampler: how often each class comes, as in its authors' code."""

import numpy as np
import pytest
from mmaction.registry import DATA_SAMPLERS

import shapmix_mm  # noqa: F401


class Labels(list):
    def __init__(self, counts, times=1, order=None):
        classes = np.arange(len(counts)) if order is None else order
        super().__init__(np.repeat(classes, counts).tolist() * times)

    def get_cat_ids(self, idx):
        return [self[idx]]


def build(data, **kwargs):
    return DATA_SAMPLERS.build(
        dict(type='TailRepeatSampler', dataset=data, seed=1, **kwargs)
    )


@pytest.mark.parametrize('times', [1, 5])
@pytest.mark.parametrize('split', ['xsub60', 'xset120', 'ucla10'])
def test_counts_of_an_epoch(split, times, authors):
    """Theirs loses a sample of a class to rounding here and there."""
    found = authors('brl')
    counts = found[f'{split}_counts']
    data = Labels(counts, times)
    sampler = build(data)
    np.testing.assert_allclose(
        sampler.multiplier, found[f'sampler_{split}_multiplier']
    )
    drawn = np.array(list(sampler))
    assert len(drawn) == len(sampler)
    got = np.bincount(np.array(data)[drawn])
    assert abs(got - found[f'sampler_{split}_x{times}_counts']).max() <= 1
    # Whole copies, so that no sample is left out.
    assert set(drawn) == set(range(len(data)))


def test_the_rarest_are_found_whatever_their_number():
    data = Labels((4, 60, 20), order=[0, 1, 2])
    assert build(data).multiplier.tolist() == [15.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ('share', 'repeated'),
    [
        (0, 0),
        (0.03, 1),
        (0.05, 1),
        (0.1, 2),
        (0.2, 3),
        (0.25, 4),
        # Published: from place 2 * (16 // 3) = 10 on, where 16 / 3 is 5.33.
        (1 / 3, 6),
        (0.34, 5),
        (0.5, 8),
        (0.9, 14),
        (1, 16),
    ],
)
def test_a_share_is_that_of_the_classes(share, repeated):
    counts = np.arange(40, 8, -2)
    multiplier = build(Labels(counts), share=share).multiplier
    expected = np.where(np.arange(16) < 16 - repeated, 1, 40 / counts)
    np.testing.assert_allclose(multiplier, expected)


def test_an_epoch_follows_from_its_number_alone():
    data = Labels((60, 20, 7))
    one, other = build(data), build(data)
    list(one), one.set_epoch(2), other.set_epoch(2)
    assert list(one) == list(other)
    other.set_epoch(3)
    assert list(one) != list(other)
