"""Proposals of parts and pairs are those that people wrote down."""

import networkx as nx
import numpy as np
import pytest

from shapmix_mm.skeletons import (
    BUILTIN_LAYOUTS,
    get_layout,
    guess_bones,
    propose_layout,
    read_joints,
)

NAMES = sorted(BUILTIN_LAYOUTS)


@pytest.mark.parametrize('name', NAMES)
def test_the_built_in_layouts_are_proposed_from_their_bones(name):
    known = get_layout(name)
    found = get_layout(
        propose_layout(
            known.bones,
            num_joints=known.num_joints,
            joint_names=known.joint_names,
            center=known.center,
        )
    )
    assert dict(zip(found.part_names, map(set, found.parts))) == dict(
        zip(known.part_names, map(set, known.parts))
    )
    assert set(found.pairs) == set(known.pairs)


@pytest.mark.parametrize('style', ['{1}_{0}', '{0}.{2}', '{2}{3}', '{1}-{0}'])
def test_styles_of_names(style):
    known = get_layout('nw-ucla')
    names = []
    for name in known.joint_names:
        side, _, rest = name.partition('_')
        if side in ('left', 'right'):
            name = style.format(rest, side, side[0].upper(), rest.title())
        names.append(name)
    found = propose_layout(known.bones, num_joints=20, joint_names=names)
    assert get_layout(found).parts == known.parts
    assert set(found['pairs']) == set(known.pairs)


def hand(named):
    fingers = ('thumb', 'index', 'middle', 'ring', 'little')
    bones = [
        (f * 4 + i, f * 4 + i - 1 if i > 1 else 0)
        for f in range(5)
        for i in range(1, 5)
    ]
    names = ['wrist', *(f'{f}_{i}' for f in fingers for i in range(4))]
    return propose_layout(
        bones, num_joints=21, joint_names=names if named else None
    )


@pytest.mark.parametrize('named', [True, False])
def test_a_hand_has_its_fingers(named):
    layout = hand(named)
    assert layout['center'] == 0
    fingers = [list(range(f * 4 + 1, f * 4 + 5)) for f in range(5)]
    assert list(layout['parts'].values()) == [[0], *fingers]
    if named:
        assert list(layout['parts'])[1:3] == ['thumb', 'index']


def test_the_centre_is_the_nearest_to_all():
    known = get_layout('nturgb+d')
    layout = propose_layout(known.bones, num_joints=25)
    lengths = dict(nx.all_pairs_shortest_path_length(nx.Graph(known.bones)))
    sums = [sum(lengths[joint].values()) for joint in range(25)]
    assert sums[layout['center']] == min(sums)


def test_bones_are_guessed_from_stiff_distances():
    """A chain that swings: distances along it stay, all others change."""
    generator = np.random.default_rng(0)
    bones = [(1, 0), (2, 1), (3, 0), (4, 3), (5, 0), (6, 5)]
    steps = generator.normal(size=(300, 7, 3))
    steps /= np.linalg.norm(steps, axis=2, keepdims=True)
    poses = generator.normal(size=(300, 7, 3)) * 0 + 5.0
    for child, parent in bones:
        poses[:, child] = poses[:, parent] + steps[:, child]
    poses[::3, 6] = 0  # Missing.
    found = {frozenset(bone) for bone in guess_bones(poses)}
    assert found == {frozenset(bone) for bone in bones}
    poses[:, 6] = 0
    with pytest.raises(ValueError, match='never seen together'):
        guess_bones(poses)


def test_what_is_no_tree_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r'none leads to \[2\]'):
        propose_layout([(1, 0)], num_joints=3)
    with pytest.raises(ValueError, match='no tree'):
        propose_layout([(1, 0), (2, 1), (0, 2)], num_joints=3)
    with pytest.raises(ValueError, match='no place'):
        propose_layout([(7, 0)], num_joints=2)
    table = tmp_path / 'joints.csv'
    table.write_text('joint,parent\na,\nb,c\n')
    with pytest.raises(ValueError, match="parent 'c' of 'b' is no joint"):
        read_joints(table)
    table.write_text('joint,parent\na,\na,0\n')
    with pytest.raises(ValueError, match='twice'):
        read_joints(table)
    table.write_text('joint,parent\na,\nb,0\n')
    assert read_joints(table) == (['a', 'b'], [(1, 0)])
