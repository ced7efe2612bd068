"""Which samples are chosen, and that their draws are their own."""

import numpy as np
import pytest
from torch.utils.data import Subset

from shapmix_mm.saliency.sample_choice import (
    SeededSamples,
    choose_samples,
    sample_labels,
    sample_name,
)

LABELS = [0, 1, 1, 2, 1, 0, 1]


class Noise:
    def __len__(self):
        return len(LABELS)

    def __getitem__(self, index):
        return np.random.rand()

    def get_data_info(self, index):
        return dict(frame_dir=f'n{index}', label=LABELS[index])


def test_all_samples_stay_without_a_limit():
    assert choose_samples(LABELS) == list(range(7))
    assert choose_samples(LABELS, classes=[0, 2]) == [0, 3, 5]


def test_the_limit_holds_for_each_class_and_follows_the_seed():
    chosen = choose_samples(LABELS, max_per_class=2)
    assert [LABELS[i] for i in chosen].count(1) == 2
    assert len(chosen) == 5
    assert chosen == choose_samples(LABELS, max_per_class=2)
    drawn = {
        tuple(choose_samples(LABELS, classes=[1], max_per_class=2, seed=s))
        for s in range(40)
    }
    assert len(drawn) == 6
    # Other classes do not change what is drawn of one.
    alone = choose_samples(LABELS, classes=[1], max_per_class=2)
    assert set(alone) <= set(chosen)


@pytest.mark.parametrize('label', [None, -1, [0, 1], 'walk'])
def test_a_sample_without_one_class_is_named(label):
    with pytest.raises(ValueError, match='sample 1 has label'):
        choose_samples([0, label])


def test_no_sample_of_a_class_is_no_choice():
    with pytest.raises(ValueError, match='max_per_class must be positive'):
        choose_samples(LABELS, max_per_class=0)


def test_draws_depend_on_the_sample_alone():
    served = SeededSamples(Noise())
    forth = [served[i] for i in range(7)]
    assert [served[i] for i in reversed(range(7))] == forth[::-1]
    assert len(set(forth)) == 7
    some = SeededSamples(Noise(), [4, 2])
    assert [some[0], some[1]] == [forth[4], forth[2]]
    assert SeededSamples(Noise(), seed=1)[0] != forth[0]


def test_names_and_labels_are_seen_through_a_subset():
    subset = Subset(Noise(), [3, 4])
    assert sample_labels(subset) == [2, 1]
    assert sample_name(subset, 0) == 'n3'
    assert sample_name(SeededSamples(subset), 1) == 'n4'
    assert sample_name([0.5], 0) == 'number 0'
