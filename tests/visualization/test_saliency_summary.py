"""Part means, rankings and symbols by hand."""

import numpy as np
import pytest

from shapmix_mm.visualization.saliency_summary import (
    best_combinations,
    part_saliency,
    part_symbols,
    read_table,
)

COMBINATIONS = [(0, 1), (0, 2), (1, 2), (0, 1, 2)]


def test_part_means_by_hand():
    table = np.array([[1.0, 2, 6, 9], [1, np.nan, 6, np.nan]])
    np.testing.assert_allclose(
        part_saliency(table, COMBINATIONS, 4),
        [[4, 16 / 3, 17 / 3, np.nan], [1, 3.5, 6, np.nan]],
    )


def test_best_combinations():
    assert best_combinations(np.array([0.1, 0.5, -2, 0.5])) == [1, 3, 0]
    assert best_combinations(np.array([np.nan, -1, np.nan])) == [1]
    assert best_combinations(np.full(4, np.nan)) == []


def test_entries_without_update_are_unknown():
    values = np.arange(8.0).reshape(2, 4)
    by_class = read_table(values, COMBINATIONS, 3, np.array([0, 2.0]))
    assert np.isnan(by_class[0]).all() and not np.isnan(by_class[1]).any()
    updates = np.ones((2, 4))
    updates[1, 2] = 0
    by_entry = read_table(values, COMBINATIONS, 3, updates)
    assert np.argwhere(np.isnan(by_entry)).tolist() == [[1, 2]]
    assert not np.isnan(values).any()


def test_symbols():
    names = ['trunk', 'left_arm', 'right arm', 'left-leg']
    assert part_symbols(names) == ['T', 'LA', 'RA', 'LL']
    assert part_symbols(['torso', 'tail']) == ['0', '1']


@pytest.mark.parametrize(
    'values, combinations, updates, words',
    [
        (np.zeros(4), COMBINATIONS, None, r'shape \(4,\)'),
        (np.zeros((2, 3)), COMBINATIONS, None, '4 entries .* 3 columns'),
        (np.zeros((2, 1)), [(0, 3)], None, r'combinations\[0\] names part 3'),
        (np.zeros((2, 1)), [()], None, r'combinations\[0\] has no part'),
        (np.zeros((2, 4)), COMBINATIONS, np.ones(4), 'updates has shape'),
    ],
)
def test_bad_tables(values, combinations, updates, words):
    with pytest.raises(ValueError, match=words):
        read_table(values, combinations, 3, updates)
