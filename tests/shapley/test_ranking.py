"""Which classes have their known parts ranked first, by hand."""

import pytest
import torch

from shapmix_mm.shapley import ranks_first

COMBINATIONS = [(0, 1), (0, 2), (1, 2), (0, 1, 2)]
nan = float('nan')


def test_the_largest_value_decides():
    values = torch.tensor(
        [
            [0.5, 0.1, 0.2, 0.4],
            [0.5, 0.1, 0.2, 0.4],
            [-0.3, -0.1, -0.2, -0.4],
            [nan, 0.1, 0.2, 0.1],
        ]
    )
    parts = [[0], [2], [0, 2], [1, 2]]
    found = ranks_first(values, COMBINATIONS, parts)
    assert found == [True, False, True, True]


def test_what_was_not_seen_is_passed_over():
    values = torch.tensor([[0.9, 0.1, -0.2, 0.0], [0.0, 0.0, 0.0, 0.0]])
    seen = torch.tensor([[False, True, True, True], [False] * 4])
    parts = [[2], [0]]
    assert ranks_first(values, COMBINATIONS, parts, seen) == [True, False]


def test_another_number_of_classes_is_refused():
    with pytest.raises(ValueError, match='2 classes and 4 combinations'):
        ranks_first(torch.zeros(3, 4), COMBINATIONS, [[0], [1]])
