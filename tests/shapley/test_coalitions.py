"""Order and encoding of the part combinations."""

from itertools import combinations

import pytest
import torch

from shapmix_mm.shapley import (
    combination_masks,
    combination_parts,
    mask_to_parts,
)


def test_five_parts_give_the_twenty_combinations_of_the_paper():
    parts = combination_parts(5)
    assert len(parts) == 20
    assert parts[:10] == list(combinations(range(5), 2))
    assert parts[10:] == list(combinations(range(5), 3))


@pytest.mark.parametrize('num_parts', range(3, 9))
def test_masks_name_the_same_parts_in_the_same_order(num_parts):
    sizes = tuple(range(1, num_parts))
    masks = combination_masks(num_parts, sizes)
    spelt = [
        tuple(p for p in range(num_parts) if mask >> p & 1)
        for mask in masks.tolist()
    ]
    assert spelt == combination_parts(num_parts, sizes)
    members = mask_to_parts(masks, num_parts)
    assert members.shape == (len(masks), num_parts)
    assert [
        tuple(row.nonzero().flatten().tolist()) for row in members
    ] == spelt


def test_sizes_are_sorted_and_repeats_dropped():
    assert torch.equal(
        combination_masks(4, (3, 1, 3)), combination_masks(4, (1, 3))
    )


@pytest.mark.parametrize('sizes', [(), (0,), (5,), (2, 6), (-1,), (2.0,)])
def test_sizes_outside_one_to_four_are_refused(sizes):
    with pytest.raises(ValueError, match='sizes'):
        combination_parts(5, sizes)
