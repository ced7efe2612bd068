"""FSA's groups: who is rare, who is taken for whom, who is frequent."""

import numpy as np
import pytest

from shapmix_mm.datasets import CompositionSampler

COUNTS = (4, 60, 20, 10, 6)
LABELS = np.repeat(np.arange(5), COUNTS)


@pytest.fixture
def build(labelled):
    def build(labels=LABELS, num_composed=2, **kwargs):
        return CompositionSampler(
            labelled(labels.tolist()),
            num_composed=num_composed,
            seed=1,
            **kwargs,
        )

    return build


def scores():
    """Class 1 and 3 are taken for 0, 1 and 2 for 4."""
    matrix = np.zeros((5, 5))
    matrix[[1, 3, 2], 0] = 0.3, 0.4, 0.1
    matrix[[1, 2, 3], 4] = 0.2, 0.3, 0.1
    return matrix


def test_groups_hold_what_they_should(build):
    sampler = build()
    # 60, 20 and 10 of 100 hold 90 %: classes 1, 2, 3.
    assert sampler.head.tolist() == [False, True, True, True, False]
    sampler.set_confusion(scores())
    groups = np.array(list(sampler)).reshape(-1, 6)
    assert len(sampler) == 6 * len(groups) == 6 * 10
    rare = set(np.flatnonzero(np.isin(LABELS, [0, 4])))
    assert set(groups[:, 0]) == rare and len(groups) == len(rare)
    for group in groups:
        own, *rest = LABELS[group]
        assert rest[:2] == {0: [3, 1], 4: [2, 1]}[own]
        assert set(rest[2:]) <= {1, 2, 3}
        assert len(set(group[3:])) == 3


def test_confusing_classes_are_those_of_the_unofficial_code(authors, build):
    found = authors('fsa')
    counts = [60, 50, 40, 30, 20, 10, 6, 5, 4, 3]
    sampler = build(np.repeat(np.arange(10), counts), num_composed=3)
    sampler.set_confusion(found['mean_scores'])
    np.testing.assert_array_equal(sampler.confusing, found['confusing'])


@pytest.mark.parametrize(
    'kwargs, message',
    [
        (dict(head_share=1.0), '0 rare classes'),
        (dict(num_composed=5), 'more than 5 classes'),
    ],
)
def test_what_cannot_be_composed_is_refused(build, kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(**kwargs)


def test_without_the_hook_it_says_so(build):
    with pytest.raises(ValueError, match='ConfusionHook'):
        list(build())
