"""An epoch of over-sampling holds what the released code's list holds."""

import numpy as np

from shapmix_mm.datasets import RandomOverSampler


def test_every_class_as_often_as_the_largest(labelled):
    """Counts of ``ros.npz``: 600 of each class, each sample at least once."""
    counts = [600, 37, 6, 125, 20, 300, 6, 60, 12, 250]
    labels = np.repeat(np.arange(10), counts)
    sampler = RandomOverSampler(labelled(labels.tolist()), seed=0)
    drawn = np.array(list(sampler))
    assert len(drawn) == 6000
    assert np.bincount(labels[drawn]).tolist() == [600] * 10
    assert np.bincount(drawn, minlength=len(labels)).min() == 1
