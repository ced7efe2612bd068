"""Progressively balanced sampling: law, passes and resuming."""

import itertools

import numpy as np
import pytest
import torch
from mmaction.registry import DATA_SAMPLERS
from mmengine.dataset import DefaultSampler, InfiniteSampler, RepeatDataset
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.model import BaseModel
from mmengine.runner import Runner
from scipy import stats
from torch.utils.data import DataLoader, Subset

from shapmix_mm.datasets import ProgressiveSampler
from shapmix_mm.datasets.samplers import progressive_sampler

COUNTS = [60, 16, 4, 1]
NATURAL = np.array(COUNTS) / 81
# Twenty tests of one law share an error of 1e-3.
LEVEL = 1e-3 / 20


def law(done, last):
    """Kang et al.: from instance-balanced to class-balanced."""
    weight = min(done / last, 1)
    return (1 - weight) * NATURAL + weight * np.full(4, 0.25)


@pytest.mark.parametrize('epoch', [0, 1, 4, 9, 30])
def test_classes_follow_the_law_of_the_epoch(dataset_of, epoch):
    dataset = dataset_of(COUNTS)
    sampler = ProgressiveSampler(
        dataset, max_epochs=10, num_samples=40000, seed=0
    )
    sampler.set_epoch(epoch)
    labels = np.array(dataset.labels)
    drawn = np.array(list(sampler))
    expected = law(epoch, 9)
    assert sampler.class_probability() == pytest.approx(expected)
    observed = np.bincount(labels[drawn])
    assert stats.chisquare(observed, 40000 * expected).pvalue > LEVEL
    for k in range(3):
        inside = np.bincount(drawn, minlength=81)[labels == k]
        assert stats.chisquare(inside).pvalue > LEVEL


def test_it_begins_as_the_data_and_ends_balanced(dataset_of):
    sampler = ProgressiveSampler(dataset_of(COUNTS), max_epochs=7)
    assert sampler.class_probability() == pytest.approx(NATURAL)
    sampler.set_epoch(6)
    assert sampler.class_probability() == pytest.approx([0.25] * 4)


def test_passes_of_a_repeat_dataset_count(dataset_of):
    dataset = dataset_of(COUNTS)
    nested = RepeatDataset(
        dict(type='RepeatDataset', dataset=dataset, times=2), 2
    )
    sampler = ProgressiveSampler(
        nested, max_epochs=3, num_samples=60001, seed=0
    )
    labels = np.tile(dataset.labels, 4)
    sampler.set_epoch(1)
    drawn = labels[list(sampler)]
    bounds = [0, 15000, 30000, 45000, 60001]
    for inside, (start, stop) in enumerate(zip(bounds, bounds[1:])):
        # Pass 4 + inside of 12, whatever epochs they are bundled to.
        expected = law(4 + inside, 11) * (stop - start)
        observed = np.bincount(drawn[start:stop])
        assert stats.chisquare(observed, expected).pvalue > 1e-3
        assert sampler.class_probability(inside) == pytest.approx(
            law(4 + inside, 11)
        )


def test_repeating_is_the_same_as_more_epochs(dataset_of):
    dataset = dataset_of(COUNTS)
    bundled = ProgressiveSampler(RepeatDataset(dataset, 5), max_epochs=4)
    plain = ProgressiveSampler(dataset, max_epochs=20)
    assert (bundled.passes, plain.passes) == (5, 1)
    for epoch, inside in itertools.product(range(4), range(5)):
        bundled.set_epoch(epoch)
        plain.set_epoch(5 * epoch + inside)
        assert bundled.class_probability(inside) == pytest.approx(
            plain.class_probability()
        )


@pytest.mark.parametrize('num', [1, 3, 81])
def test_fewer_draws_than_passes_are_no_trouble(dataset_of, num):
    sampler = ProgressiveSampler(
        RepeatDataset(dataset_of(COUNTS), 5), max_epochs=2, num_samples=num
    )
    assert len(list(sampler)) == num


def test_a_training_of_one_pass_follows_the_data(dataset_of):
    sampler = ProgressiveSampler(dataset_of(COUNTS), max_epochs=1)
    assert sampler.class_probability() == pytest.approx(NATURAL)


@pytest.mark.parametrize('world', [1, 2, 3])
@pytest.mark.parametrize('times', [1, 4])
@pytest.mark.parametrize('kind', [DefaultSampler, InfiniteSampler])
def test_ranks_share_the_steps_of_a_pass(
    dataset_of, monkeypatch, kind, times, world
):
    """Whether a sampler tells the length of all data or of a share."""
    for module in ('mmengine.dataset.sampler', progressive_sampler.__name__):
        name = 'get_dist_info' if 'mmengine' in module else 'get_world_size'
        value = (0, world) if 'mmengine' in module else world
        monkeypatch.setattr(f'{module}.{name}', lambda value=value: value)
    dataset = RepeatDataset(dataset_of([48, 24]), times)
    loader = DataLoader(dataset, 6, sampler=kind(dataset, seed=0))
    assert progressive_sampler.iters_per_pass(loader) == 72 / 6 / world


class Constant(BaseModel):
    """The least that a runner trains."""

    def __init__(self):
        super().__init__()
        self.value = torch.nn.Parameter(torch.zeros(()))

    def forward(self, index, mode='loss'):
        return dict(loss=(self.value - 1) ** 2)


class Seen(torch.utils.data.Dataset):
    """Its samples are their own numbers."""

    def __init__(self, labels):
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return dict(index=index)

    def get_cat_ids(self, index):
        return [self.labels[index]]


def train(folder, labels, *, epochs, stop=None, resume=False):
    """Indices of every epoch that a runner trains on."""
    seen = {}

    class Note(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            seen.setdefault(runner.epoch, []).extend(
                data_batch['index'].tolist()
            )

        def before_train_epoch(self, runner):
            if runner.epoch == stop:
                raise KeyboardInterrupt

    runner = Runner(
        model=Constant(),
        work_dir=str(folder),
        train_dataloader=dict(
            batch_size=8,
            num_workers=0,
            collate_fn=dict(type='default_collate'),
            sampler=dict(type='mmaction.ProgressiveSampler'),
            dataset=Seen(labels),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
        custom_hooks=[dict(type=Note, priority='VERY_LOW')],
        randomness=dict(seed=3),
        resume=resume,
        experiment_name=f'progressive_{folder.name}_{stop}',
        log_level='ERROR',
    )
    try:
        runner.train()
    except KeyboardInterrupt:
        pass
    return seen


def test_a_runner_tells_the_length_and_a_resumed_one_goes_on(tmp_path):
    labels = np.repeat([0, 1], [90, 10]).tolist()
    whole = train(tmp_path / 'whole', labels, epochs=4)
    assert sorted(whole) == [0, 1, 2, 3]
    rare = [np.mean(np.array(labels)[whole[epoch]]) for epoch in range(4)]
    # From a tenth to a half, with room for chance in 100 draws.
    assert rare[0] < 0.25 and rare[3] > 0.35
    cut = train(tmp_path / 'cut', labels, epochs=4, stop=2)
    assert sorted(cut) == [0, 1]
    rest = train(tmp_path / 'cut', labels, epochs=4, resume=True)
    assert sorted(rest) == [2, 3]
    assert {**cut, **rest} == whole


def test_without_a_runner_it_asks_for_the_length(dataset_of, monkeypatch):
    sampler = ProgressiveSampler(dataset_of(COUNTS))
    hub = MessageHub.get_instance('progressive_without_a_runner')
    monkeypatch.setattr(
        progressive_sampler.MessageHub, 'get_current_instance', lambda: hub
    )
    with pytest.raises(ValueError, match='elsewhere give max_epochs'):
        list(sampler)
    hub.update_info('max_epochs', 3)
    sampler.set_epoch(1)
    assert sampler.class_probability() == pytest.approx(law(1, 2))


def test_it_is_registered():
    assert DATA_SAMPLERS.get('ProgressiveSampler') is ProgressiveSampler


@pytest.mark.parametrize('epochs', [0, -1, 2.5, True, '3'])
def test_bad_max_epochs_are_named(dataset_of, epochs):
    with pytest.raises(ValueError, match='max_epochs=.* should be'):
        ProgressiveSampler(dataset_of([1, 1]), max_epochs=epochs)


def test_other_bad_arguments_are_named(dataset_of):
    with pytest.raises(ValueError, match='num_samples'):
        ProgressiveSampler(dataset_of([1, 1]), num_samples=0)
    with pytest.raises(ValueError, match='ProgressiveSampler has nothing'):
        ProgressiveSampler(Subset(dataset_of([1, 1]), []))
