"""Real samples per class through wrappers, against hand-counted labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.datasets import PoseDataset
from mmengine.dataset import (
    BaseDataset,
    ClassBalancedDataset,
    ConcatDataset,
    RepeatDataset,
)
from torch.utils.data import ConcatDataset as TorchConcatDataset
from torch.utils.data import Subset

from shapmix_mm.datasets import LongTailedPoseDataset, class_counts


def explode(results):
    raise AssertionError('the pipeline must not run')


@pytest.fixture(params=[PoseDataset, LongTailedPoseDataset])
def dataset(request, write_pose_file):
    return request.param(
        write_pose_file([4, 2, 1]), [explode], split='xsub_train'
    )


class Labels(BaseDataset):
    """Labels alone."""

    def __init__(self, labels, **kwargs):
        self.labels = labels
        super().__init__(serialize_data=False, **kwargs)

    def load_data_list(self):
        return [dict(label=label) for label in self.labels]


def test_plain(dataset):
    assert class_counts(dataset, 3) == [4, 2, 1]
    # A class above all labels has no sample.
    assert class_counts(dataset, 4) == [4, 2, 1, 0]


def test_lazy(write_pose_file):
    dataset = LongTailedPoseDataset(
        write_pose_file([4, 2]), [], split='xsub_train', lazy_init=True
    )
    assert class_counts(RepeatDataset(dataset, 2, lazy_init=True), 2) == [4, 2]


def test_repeat_does_not_multiply(dataset):
    inner = dict(type='RepeatDataset', dataset=dataset, times=5)
    repeated = RepeatDataset(inner, 2)
    assert len(repeated) == 70
    assert class_counts(repeated, 3) == [4, 2, 1]


def test_class_balanced_counts_what_it_wraps(write_pose_file):
    inner = LongTailedPoseDataset(
        write_pose_file([40, 2, 1]), [], split='xsub_train'
    )
    balanced = ClassBalancedDataset(inner, oversample_thr=0.5)
    assert len(balanced) > len(inner)
    assert class_counts(balanced, 3) == [40, 2, 1]


def test_concat_sums(dataset, write_pose_file):
    other = type(dataset)(
        write_pose_file([1, 1, 5], name='b.pkl'), [], split='xsub_train'
    )
    kwargs = dict(datasets=[dataset, other], ignore_keys=['class_counts'])
    assert class_counts(ConcatDataset(**kwargs), 3) == [5, 3, 6]
    repeated = RepeatDataset(dict(type='ConcatDataset', **kwargs), 3)
    assert class_counts(repeated, 3) == [5, 3, 6]
    torch_both = TorchConcatDataset([RepeatDataset(dataset, 4), other])
    assert class_counts(torch_both, 3) == [5, 3, 6]


def test_subset_counts_distinct_samples(dataset):
    assert class_counts(Subset(dataset, [0, 0, 3, 4, -1]), 3) == [2, 1, 1]
    inner = Subset(dataset, [6, 5, 4])
    assert class_counts(Subset(inner, [0, 2]), 3) == [0, 1, 1]
    # 7 samples: 0, 7 and 14 are the same one.
    repeated = RepeatDataset(dataset, 3)
    assert class_counts(Subset(repeated, [0, 7, 14, 20]), 3) == [1, 0, 1]
    both = TorchConcatDataset([dataset, Labels([2, 2, 0])])
    assert class_counts(Subset(both, [6, 7, 8, 9, 9]), 3) == [1, 0, 3]


def test_subset_of_class_balanced():
    balanced = ClassBalancedDataset(Categories([0] * 9 + [1]), 0.9)
    assert len(balanced) > 10
    every = range(len(balanced))
    assert class_counts(Subset(balanced, every), 2) == [9, 1]
    ones = [i for i in every if balanced.get_cat_ids(i) == [1]]
    assert len(ones) > 1
    assert class_counts(Subset(balanced, ones), 2) == [0, 1]


class Categories(Labels):
    """Labels through get_cat_ids."""

    def get_cat_ids(self, idx):
        label = self.get_data_info(idx)['label']
        return label if isinstance(label, list) else [label]


@pytest.mark.parametrize('seed', range(3))
def test_random_nesting_against_labels(seed):
    rng = np.random.RandomState(seed)
    labels = [rng.randint(0, 4, rng.randint(3, 9)).tolist() for _ in range(3)]
    parts = [Labels(part) for part in labels]
    nested = TorchConcatDataset(
        [RepeatDataset(parts[0], 2), TorchConcatDataset(parts[1:])]
    )
    chosen = rng.randint(0, len(nested), 12).tolist()
    real = [(0, i) for _ in range(2) for i in range(len(labels[0]))]
    real += [(p, i) for p in (1, 2) for i in range(len(labels[p]))]
    expected = [0] * 4
    for part, index in {real[i] for i in chosen}:
        expected[labels[part][index]] += 1
    assert class_counts(Subset(nested, chosen), 4) == expected


@pytest.mark.parametrize(
    'label', [[0, 1], [0], torch.tensor([0.0, 1.0]), np.array([1]), 1.0, True]
)
def test_several_labels_or_no_integer(label):
    with pytest.raises(TypeError, match='sample 1 of Labels .* one integer'):
        class_counts(Labels([0, label]), 2)


def test_several_categories():
    with pytest.raises(TypeError, match='sample 1 of Categories'):
        class_counts(Categories([0, [0, 1]]), 2)


@pytest.mark.parametrize('label', [-1, 2])
def test_out_of_range(label):
    with pytest.raises(ValueError, match=f'sample 2 .* label {label}'):
        class_counts(Labels([0, 1, label]), 2)


def test_dataset_without_labels():
    with pytest.raises(TypeError, match='list tells no labels'):
        class_counts([1, 2], 2)
