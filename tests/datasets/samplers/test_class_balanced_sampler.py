"""Law, dealing and repeatability of re-sampling."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.datasets import PoseDataset
from mmaction.registry import DATA_SAMPLERS
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from scipy import stats
from torch.utils.data import ConcatDataset as TorchConcatDataset
from torch.utils.data import Subset

from shapmix_mm.datasets import ClassBalancedSampler, LongTailedPoseDataset

COUNTS = [60, 16, 4, 1]


def explode(results):
    raise AssertionError('no data must be loaded')


def labels_of(counts, seed=0):
    """Shuffled, so that position tells nothing about the class."""
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(seed).permutation(labels).tolist()


@pytest.mark.parametrize('power', [0, 0.5, 1.0, 0.8])
def test_classes_and_samples_follow_the_law(labelled, power):
    labels = np.array(labels_of(COUNTS))
    sampler = ClassBalancedSampler(
        labelled(labels.tolist()), power=power, num_samples=40000, seed=3
    )
    drawn = np.array(list(sampler))
    weight = np.array([n * n**-power for n in COUNTS])
    expected = 40000 * weight / weight.sum()
    observed = np.bincount(labels[drawn], minlength=4)
    assert stats.chisquare(observed, expected).pvalue > 1e-3
    for k, count in enumerate(COUNTS):
        inside = np.bincount(drawn, minlength=len(labels))[labels == k]
        assert len(inside) == count
        assert count == 1 or stats.chisquare(inside).pvalue > 1e-3


def test_a_class_without_samples_is_never_drawn(labelled):
    labels = [0] * 5 + [3] * 2 + [9]
    sampler = ClassBalancedSampler(labelled(labels), num_samples=9000, seed=0)
    drawn = np.bincount([labels[i] for i in sampler], minlength=10)
    assert drawn.nonzero()[0].tolist() == [0, 3, 9]
    assert stats.chisquare(drawn[[0, 3, 9]]).pvalue > 1e-3
    assert sampler.class_probability().tolist() == pytest.approx([1 / 3] * 3)


def test_without_a_seed_it_draws_one(dataset_of):
    dataset = dataset_of(COUNTS)
    draws = [list(ClassBalancedSampler(dataset)) for _ in range(2)]
    assert draws[0] != draws[1]


@pytest.mark.parametrize('kind', [PoseDataset, LongTailedPoseDataset])
def test_pose_datasets_through_wrappers(kind, write_pose_file):
    files = [
        write_pose_file(counts, name=f'{i}.pkl')
        for i, counts in enumerate(([8, 3, 1], [2, 2, 5]))
    ]
    first, second = (kind(f, [explode], split='xsub_train') for f in files)
    both = ConcatDataset([first, second], ignore_keys=['class_counts'])
    repeated = RepeatDataset(
        dict(
            type='ConcatDataset',
            datasets=[first, second],
            ignore_keys=['class_counts'],
        ),
        3,
    )
    labels = [0] * 8 + [1] * 3 + [2] + [0, 0, 1, 1] + [2] * 5
    for dataset, own in (
        (first, labels[:12]),
        (RepeatDataset(first, 4), labels[:12] * 4),
        (both, labels),
        (repeated, labels * 3),
        (Subset(repeated, range(0, 63, 2)), (labels * 3)[::2]),
    ):
        sampler = ClassBalancedSampler(dataset, num_samples=6000, seed=1)
        assert len(dataset) == len(own)
        drawn = list(sampler)
        assert set(drawn) == set(range(len(own)))
        observed = np.bincount([own[i] for i in drawn])
        assert stats.chisquare(observed).pvalue > 1e-3


def test_counts_are_those_of_real_samples(labelled):
    labels = labels_of([90, 9, 1])
    inner = labelled(labels)
    wrapped = ClassBalancedDataset(inner, oversample_thr=0.5)
    assert len(wrapped) > len(inner)
    sampler = ClassBalancedSampler(wrapped, power=0)
    assert sampler.class_counts.tolist() == [90, 9, 1]
    assert sampler.class_probability().tolist() == [0.9, 0.09, 0.01]
    assert len(sampler) == len(wrapped)
    entries = np.array([labels[i] for i in wrapped.repeat_indices])
    # Valid indices of the wrapper, not of what it wraps.
    drawn = entries[
        list(ClassBalancedSampler(wrapped, num_samples=9000, seed=0))
    ]
    assert stats.chisquare(np.bincount(drawn)).pvalue > 1e-3


def test_within_a_class_the_wrapper_decides(labelled):
    both = TorchConcatDataset(
        [RepeatDataset(labelled([0]), 3), labelled([0, 1])]
    )
    sampler = ClassBalancedSampler(both, num_samples=8000, seed=0)
    observed = np.bincount(list(sampler))
    expected = np.array([1, 1, 1, 1, 4]) * 1000
    assert stats.chisquare(observed, expected).pvalue > 1e-3


def test_a_runner_builds_it_from_a_config(dataset_of):
    assert DATA_SAMPLERS.get('ClassBalancedSampler') is ClassBalancedSampler
    with DefaultScope.overwrite_default_scope('mmaction'):
        loader = Runner.build_dataloader(
            dict(
                batch_size=4,
                num_workers=0,
                sampler=dict(type='ClassBalancedSampler', power=0.5),
                dataset=dataset_of(COUNTS),
            ),
            seed=7,
        )
    assert loader.sampler.seed == 7
    assert loader.sampler.power == 0.5
    assert len(loader) == -(-sum(COUNTS) // 4)


@pytest.mark.parametrize(
    'kwargs, words',
    [
        (dict(power='sqrt'), "power='sqrt' should be"),
        (dict(power=1.5), 'power=1.5 should be less than or equal to 1'),
        (dict(power=-0.1), 'power'),
        (dict(power=float('nan')), 'power'),
        (dict(power=None), 'power'),
        (dict(power=True), 'power'),
        (dict(num_samples=0), 'num_samples'),
        (dict(num_samples=2.5), 'num_samples'),
        (dict(num_samples=True), 'num_samples'),
    ],
)
def test_bad_arguments_are_named(labelled, kwargs, words):
    with pytest.raises(ValueError, match=words):
        ClassBalancedSampler(labelled([0, 1]), **kwargs)


def test_bad_datasets_are_named(labelled):
    with pytest.raises(ValueError, match='nothing to draw.*Subset is empty'):
        ClassBalancedSampler(Subset(labelled([0, 1]), []))
    with pytest.raises(TypeError, match='sample 1 of Labels.*one integer'):
        ClassBalancedSampler(labelled([0, [0, 1]]))
    with pytest.raises(ValueError, match='sample 1 of Labels.*-2'):
        ClassBalancedSampler(labelled([0, -2]))
    with pytest.raises(TypeError, match='list tells no labels'):
        ClassBalancedSampler([1, 2])
