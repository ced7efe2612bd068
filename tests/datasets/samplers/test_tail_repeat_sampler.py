"""BRL's sampler: how often each class comes, as in its authors' code."""

import numpy as np
import pytest

from shapmix_mm.datasets import TailRepeatSampler


@pytest.mark.parametrize('times', [1, 5])
@pytest.mark.parametrize('split', ['xsub60', 'xset120', 'ucla10'])
def test_counts_of_an_epoch(split, times, authors, labelled):
    """Theirs loses a sample of a class to rounding here and there."""
    found = authors('brl')
    counts = found[f'{split}_counts']
    data = labelled(np.repeat(range(len(counts)), counts).tolist() * times)
    sampler = TailRepeatSampler(data, seed=1)
    np.testing.assert_allclose(
        sampler.multiplier, found[f'sampler_{split}_multiplier']
    )
    drawn = np.array(list(sampler))
    assert len(drawn) == len(sampler)
    got = np.bincount(np.array(data.labels)[drawn])
    assert abs(got - found[f'sampler_{split}_x{times}_counts']).max() <= 1
    # Whole copies, so that no sample is left out.
    assert set(drawn) == set(range(len(data)))


def test_the_rarest_are_found_whatever_their_number(dataset_of):
    sampler = TailRepeatSampler(dataset_of((4, 60, 20)))
    assert sampler.multiplier.tolist() == [15.0, 1.0, 1.0]


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
def test_a_share_is_that_of_the_classes(share, repeated, dataset_of):
    counts = np.arange(40, 8, -2)
    multiplier = TailRepeatSampler(dataset_of(counts), share=share).multiplier
    expected = np.where(np.arange(16) < 16 - repeated, 1, 40 / counts)
    np.testing.assert_allclose(multiplier, expected)
