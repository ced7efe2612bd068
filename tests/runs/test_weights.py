"""Weights found by search against brute force."""

from itertools import product

import numpy as np
import pytest

from shapmix_mm.runs.fusion import (
    Streams,
    check_disjoint,
    check_weights,
    fuse,
    search_weights,
    weight_grid,
)


def streams(num=3, samples=40, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=samples)
    scores = rng.dirichlet(np.ones(classes), (num, samples))
    scores[0, np.arange(samples), labels] += 0.3
    names = tuple(f'{seed}_{i}' for i in range(samples))
    return Streams(names, labels, scores)


def mean_class(scores, labels):
    right = scores.argmax(1) == labels
    return np.mean([right[labels == k].mean() for k in np.unique(labels)])


@pytest.mark.parametrize('num, steps', [(1, 5), (2, 10), (3, 6), (4, 4)])
def test_the_grid_holds_every_share_once(num, steps):
    wanted = {
        shares
        for shares in product(range(steps + 1), repeat=num)
        if sum(shares) == steps
    }
    found = list(weight_grid(num, steps))
    assert len(found) == len(set(found)) and set(found) == wanted


@pytest.mark.parametrize('by', ['mean_class', 'overall'])
@pytest.mark.parametrize('seed', range(4))
def test_no_weights_on_the_grid_are_better(by, seed):
    held_out = streams(seed=seed)
    weights, best = search_weights(held_out, by=by, steps=5)
    assert sum(weights) == pytest.approx(1)
    figures = []
    for shares in weight_grid(3, 5):
        fused = sum(w * s for w, s in zip(shares, held_out.scores))
        if by == 'overall':
            figures.append((fused.argmax(1) == held_out.labels).mean())
        else:
            figures.append(mean_class(fused, held_out.labels))
    assert best == pytest.approx(max(figures))
    own = fuse(held_out.scores, weights)
    value = mean_class(own, held_out.labels)
    if by == 'overall':
        value = (own.argmax(1) == held_out.labels).mean()
    assert value == pytest.approx(best)


def test_of_equal_weights_the_most_even_are_taken():
    same = streams(num=1)
    same = Streams(same.names, same.labels, np.repeat(same.scores, 2, 0))
    assert search_weights(same, steps=10)[0] == (0.5, 0.5)


def test_weights_are_not_searched_on_what_is_reported():
    one, other = streams(seed=0), streams(seed=1)
    check_disjoint(one, other)
    with pytest.raises(ValueError, match="40 held-out .*'0_0' the first"):
        check_disjoint(one, one)
    with pytest.raises(ValueError, match='5 classes, the others 4'):
        check_disjoint(streams(classes=5, seed=2), one)


def test_a_grid_too_large_or_an_unknown_figure_is_refused():
    with pytest.raises(ValueError, match='8 streams in steps of 1/10'):
        search_weights(streams(num=8))
    with pytest.raises(ValueError, match="'mean_class' or 'overall'"):
        search_weights(streams(), by='top5')


def test_the_weighted_sum_is_that_of_mmaction2():
    from mmaction.evaluation.functional import get_weighted_score

    scores = streams(num=4).scores
    wanted = get_weighted_score(list(scores), [2, 2, 1, 1])
    assert np.allclose(fuse(scores, (2, 2, 1, 1)), np.array(wanted))


@pytest.mark.parametrize(
    'weights, words',
    [
        ([1], '1 weights for 2 results'),
        ([1, -1], 'weights must be >= 0'),
        ([1, float('nan')], 'weights must be >= 0'),
        ([0, 0], 'all zero'),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights, words):
    with pytest.raises(ValueError, match=words):
        check_weights(weights, 2)


@pytest.mark.parametrize('steps', [0, -1])
def test_no_step_is_refused(steps):
    with pytest.raises(ValueError, match=f'positive integer, got {steps}'):
        list(weight_grid(2, steps))
