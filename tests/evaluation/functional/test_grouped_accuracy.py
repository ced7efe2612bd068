"""Grouped accuracy against hand values and scikit-learn."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapmix_mm.evaluation import grouped_accuracy


def one_hot(predictions, num_classes):
    return np.eye(num_classes)[predictions]


def test_by_hand():
    # Class 0 (many): 2 of 4; class 1 (many): 1 of 1; class 2 (medium): 0 of
    # 2; class 3 (few): not tested; class 4 (few): 1 of 1.
    labels = [0, 0, 0, 0, 1, 2, 2, 4]
    predictions = [0, 0, 1, 3, 1, 0, 4, 4]
    counts = [300, 101, 50, 5, 19]
    result = grouped_accuracy(one_hot(predictions, 5), labels, counts)
    assert result.overall == 0.5
    assert result.mean_class == pytest.approx((0.5 + 1 + 0 + 1) / 4)
    groups = result.groups
    assert list(groups) == ['many', 'medium', 'few']
    assert groups['many'].accuracy == 0.75
    assert groups['medium'].accuracy == 0
    assert groups['few'].accuracy == 1
    sizes = [
        (g.num_classes, g.num_tested, g.num_samples) for g in groups.values()
    ]
    assert sizes == [(2, 2, 5), (1, 1, 2), (2, 1, 1)]
    np.testing.assert_array_equal(result.per_class, [0.5, 1, 0, np.nan, 1])
    np.testing.assert_array_equal(result.support, [4, 1, 2, 0, 1])


def test_top5_is_absent_where_it_cannot_fail():
    for num_classes, expected in ((5, {}), (6, {5: 0.5})):
        scores = np.tile(np.arange(num_classes)[::-1], (2, 1))
        result = grouped_accuracy(scores, [0, num_classes - 1])
        assert result.topk == expected


def test_ties_are_broken_as_argmax_does():
    scores = np.array([[1.0, 1, 1, 0]] * 3)
    result = grouped_accuracy(scores, [0, 1, 2], topk=(1, 2))
    hits = (scores.argmax(axis=1) == [0, 1, 2]).mean()
    assert result.overall == hits == pytest.approx(1 / 3)
    assert result.topk[2] == pytest.approx(2 / 3)


def test_empty_groups_have_no_accuracy():
    result = grouped_accuracy([0, 1], [0, 1], [50, 50])
    assert result.groups['many'].accuracy is None
    assert result.groups['few'].num_classes == 0
    untested = grouped_accuracy([0, 0], [0, 0], [50, 5]).groups['few']
    assert (untested.accuracy, untested.num_classes) == (None, 1)


def test_without_counts_there_are_no_groups():
    assert grouped_accuracy(np.eye(3), [0, 1, 1]).groups == {}


def test_predictions_equal_scores():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 7, 50), rng.random((50, 7))
    counts = [500, 120, 99, 40, 20, 10, 1]
    a = grouped_accuracy(scores, labels, counts)
    b = grouped_accuracy(scores.argmax(axis=1), labels, counts)
    assert (a.overall, a.mean_class, a.groups) == (
        b.overall,
        b.mean_class,
        b.groups,
    )
    assert b.topk == {}


@settings(deadline=None, max_examples=60)
@given(st.integers(3, 9), st.integers(1, 60), st.integers(0, 2**31))
def test_agrees_with_sklearn(num_classes, size, seed):
    metrics = pytest.importorskip('sklearn.metrics')
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, num_classes, size)
    scores = rng.random((size, num_classes))
    counts = rng.integers(0, 200, num_classes)
    k = int(rng.integers(2, num_classes))
    result = grouped_accuracy(scores, labels, counts, topk=(k,))
    predictions = scores.argmax(axis=1)
    with warnings.catch_warnings():
        # It warns of predicted classes that have no sample.
        warnings.simplefilter('ignore')
        mean = metrics.balanced_accuracy_score(labels, predictions)
    assert result.mean_class == pytest.approx(mean)
    assert result.overall == metrics.accuracy_score(labels, predictions)
    assert result.topk[k] == pytest.approx(
        metrics.top_k_accuracy_score(
            labels, scores, k=k, labels=range(num_classes)
        )
    )
    recalls = metrics.recall_score(
        labels,
        predictions,
        labels=range(num_classes),
        average=None,
        zero_division=np.nan,
    )
    np.testing.assert_allclose(result.per_class, recalls)
    few = (counts < 20) & np.isin(np.arange(num_classes), labels)
    expected = recalls[few].mean() if few.any() else None
    assert result.groups['few'].accuracy == (
        None if expected is None else pytest.approx(expected)
    )


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(0, 2**31))
def test_groups_partition_the_samples(size, seed):
    rng = np.random.default_rng(seed)
    labels, scores = rng.integers(0, 8, size), rng.random((size, 8))
    result = grouped_accuracy(scores, labels, rng.integers(0, 200, 8))
    groups = result.groups.values()
    assert sum(g.num_classes for g in groups) == 8
    assert sum(g.num_samples for g in groups) == size
    weighted = sum((g.accuracy or 0) * g.num_tested for g in groups)
    tested = sum(g.num_tested for g in groups)
    assert weighted / tested == pytest.approx(result.mean_class)


def test_inputs_stay_unchanged():
    scores, labels = np.eye(3), np.array([0, 1, 2])
    grouped_accuracy(scores, labels, [1, 2, 3])
    np.testing.assert_array_equal(scores, np.eye(3))
    np.testing.assert_array_equal(labels, [0, 1, 2])


@pytest.mark.parametrize(
    'scores, labels, counts, words',
    [
        (np.zeros((0, 3)), [], None, '>= 1 sample'),
        (np.zeros((2, 3, 1)), [0, 1], None, r'\(2, 3, 1\)'),
        (np.zeros((2, 0)), [0, 1], None, 'at least one class|class in'),
        (np.eye(3), [0, 1], None, r'labels have shape \(2,\)'),
        (np.eye(3), [0, 1, 3], None, r'labels\[2\] is 3'),
        (np.eye(3), [0, -1, 2], None, r'labels\[1\] is -1'),
        (np.eye(3), [0, 1, 2], [1, 2], '2 classes where the scores have 3'),
        ([0, 1], [0, 1], None, 'num_classes or class_counts'),
        ([0, 5], [0, 1], [9, 9], r'predictions\[1\] is 5'),
    ],
)
def test_bad_input(scores, labels, counts, words):
    with pytest.raises(ValueError, match=words):
        grouped_accuracy(np.asarray(scores), labels, counts)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_non_finite_scores_name_the_sample(value):
    scores = np.eye(3)
    scores[1, 2] = value
    with pytest.raises(ValueError, match='sample 1 are not finite'):
        grouped_accuracy(scores, [0, 1, 2])


def test_bad_arguments():
    with pytest.raises(ValueError, match='few=9 and many=3'):
        grouped_accuracy(np.eye(3), [0, 1, 2], many=3, few=9)
    with pytest.raises(ValueError, match='topk'):
        grouped_accuracy(np.eye(3), [0, 1, 2], topk=(0,))
    with pytest.raises(ValueError, match='num_classes is 4'):
        grouped_accuracy(np.eye(3), [0, 1, 2], num_classes=4)
    with pytest.raises(TypeError, match='labels must be integers'):
        grouped_accuracy(np.eye(3), [0.0, 1.0, 2.0])
