"""Sides and pairs by names as people write them."""

import pytest

from shapmix_mm.skeletons.sides import side_pairs, side_twin


@pytest.mark.parametrize(
    'name, side, other',
    [
        ('left_hip', 'left', 'right hip'),
        ('LHip', 'left', 'r hip'),
        ('hip.R', 'right', 'hip l'),
        ('ElbowRight', 'right', 'elbow left'),
        ('Spine2', '', 'spine 2'),
        ('lower_leg', '', 'lower leg'),
    ],
)
def test_a_name_tells_its_side_and_its_twin(name, side, other):
    found, words, twin = side_twin(name)
    assert (found, ' '.join(twin)) == (side, other)
    assert (twin == words) == (side == '')


def test_pairs_differ_by_their_side_alone():
    names = ['hip', 'RKnee', 'left_hand', 'LKnee', 'right_foot', 'Right Hand']
    assert side_pairs(names) == [(2, 5), (3, 1)]
