"""Datasets of labels alone, and samplers of all ranks of a world."""

import numpy as np
import pytest
from mmengine.dataset import BaseDataset

from shapmix_mm.datasets.samplers import class_balanced_sampler


def explode(results):
    raise AssertionError('no data must be loaded')


class Labels(BaseDataset):
    """Labels alone."""

    def __init__(self, labels):
        self.labels = labels
        super().__init__(serialize_data=False, pipeline=[explode])

    def load_data_list(self):
        return [dict(label=label) for label in self.labels]

    def get_cat_ids(self, idx):
        return [self.labels[idx]]


@pytest.fixture
def labelled():
    """Build a dataset of these labels."""
    return Labels


@pytest.fixture
def dataset_of():
    """Build a dataset of so many samples of each class, shuffled."""

    def build(counts, seed=0):
        labels = np.repeat(np.arange(len(counts)), counts)
        return Labels(np.random.default_rng(seed).permutation(labels).tolist())

    return build


@pytest.fixture
def world_of(monkeypatch):
    """Build the samplers of all ranks of a world."""

    def build(world, kind, dataset, **kwargs):
        samplers = []
        for rank in range(world):
            monkeypatch.setattr(
                class_balanced_sampler,
                'get_dist_info',
                lambda rank=rank: (rank, world),
            )
            samplers.append(kind(dataset, **kwargs))
        return samplers

    return build
