"""Verdicts on small tables that are judged by eye."""

import numpy as np
import pytest

from shapmix_mm.evaluation.functional import (
    classes_with_true_parts_first,
    named_parts,
)

PAIRS = [(0, 1), (0, 2), (1, 2), (0, 1, 2)]


def judge(rows, true, counts=None, combinations=PAIRS):
    return classes_with_true_parts_first(
        np.array(rows, dtype=float), counts, combinations, true
    )


def test_best_must_contain_all_true_parts():
    rows = [[9, 1, 1, 1], [9, 1, 1, 1], [1, 1, 1, 9]]
    found = judge(rows, [[1], [2], [0, 2]])
    assert found.first.tolist() == [True, False, True]
    np.testing.assert_allclose(found.chance, [3 / 4, 3 / 4, 2 / 4])
    assert found.share == pytest.approx(2 / 3)


def test_ranked_per_joint_where_counts_are_given():
    rows = [[4, 1, 1, 5]]
    assert not judge(rows, [[2]], counts=[2, 2, 2, 8]).first[0]
    assert judge(rows, [[2]]).first[0]


def test_part_of_the_true_parts_will_do_where_none_can_hold_all():
    pairs = PAIRS[:3]
    found = judge(
        [[9, 1, 1], [1, 9, 1]], [[0, 1, 3], [0, 1, 3]], combinations=pairs
    )
    assert found.first.tolist() == [True, False]
    # A combination of size 3 could hold these, so that a pair is wrong.
    assert not judge([[9, 1, 1, 1]], [[0, 1, 2]]).first[0]


def test_classes_without_values_or_true_parts_are_not_judged():
    nan = np.nan
    rows = [[nan] * 4, [1, 2, 3, 4], [nan, 1, nan, nan]]
    found = judge(rows, [[0], [], [2]])
    assert found.judged.tolist() == [False, False, True]
    assert found.first.tolist() == [False, False, True]
    assert found.share == 1
    assert np.isnan(judge([[nan] * 4], [[0]]).share)


@pytest.mark.parametrize(
    'rows, true, counts',
    [
        ([[1, 2, 3]], [[0]], None),
        ([[1, 2, 3, 4]], [[0], [1]], None),
        ([[1, 2, 3, 4]], [[0]], [1, 2]),
    ],
)
def test_shapes_that_disagree_are_refused(rows, true, counts):
    with pytest.raises(ValueError, match='has shape'):
        judge(rows, true, counts)


def test_parts_by_name_may_be_partial_and_of_other_bodies_are_told():
    salient = dict(kick=['leg', 'trunk'])
    parts = ['trunk', 'arm', 'leg']
    assert named_parts(salient, ['wave', 'kick'], parts) == [[], [2, 0]]
    assert named_parts(None, ['wave'], parts) is None
    assert named_parts(salient, None, parts) is None
    with pytest.warns(UserWarning, match=r"name \['leg'\], which the layout"):
        assert named_parts(salient, ['kick'], ['trunk', 'tail']) is None
