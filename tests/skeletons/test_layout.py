"""Layouts: the built-in ones against MMAction2, custom ones against chance."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmaction.models.utils.graph import Graph

from shapmix_mm.skeletons import BUILTIN_LAYOUTS, Layout, get_layout
from shapmix_mm.skeletons.builtin import BODY_PARTS

STOCK = ['nturgb+d', 'coco', 'openpose']
SIZES = {
    'nturgb+d': 25,
    'coco': 17,
    'openpose': 18,
    'nw-ucla': 20,
    'utd-mhad': 20,
    'penn-action': 13,
    'sbu': 15,
}


@pytest.mark.parametrize('name', STOCK)
def test_bones_and_center_are_those_of_the_stock_graph(name):
    graph, layout = Graph(name), get_layout(name)
    assert layout.num_joints == graph.num_node
    assert list(layout.bones) == graph.inward
    assert layout.center == graph.center


@pytest.mark.parametrize('mode', ['stgcn_spatial', 'spatial'])
@pytest.mark.parametrize('name', STOCK)
def test_graph_layout_gives_the_stock_adjacency(name, mode):
    ours = Graph(get_layout(name).graph_layout(), mode=mode)
    np.testing.assert_array_equal(ours.A, Graph(name, mode=mode).A)


@pytest.mark.parametrize('name', sorted(SIZES))
def test_builtin_parts_follow_the_joint_names(name):
    layout = get_layout(name)
    assert layout.num_joints == SIZES[name]
    assert layout.part_names == (
        'trunk',
        'left_arm',
        'right_arm',
        'left_leg',
        'right_leg',
    )
    arm = ('shoulder', 'elbow', 'wrist', 'hand', 'thumb')
    leg = ('hip', 'knee', 'ankle', 'foot')
    for part, joints in zip(layout.part_names, layout.parts):
        for joint in joints:
            words = layout.joint_names[joint].split('_')
            want = 'trunk'
            if words[0] in ('left', 'right') and words[1] in arm + leg:
                limb = 'arm' if words[1] in arm else 'leg'
                want = f'{words[0]}_{limb}'
            assert part == want, layout.joint_names[joint]


@pytest.mark.parametrize('name', sorted(SIZES))
def test_builtin_pairs_are_all_the_left_right_names(name):
    layout = get_layout(name)
    index = {joint: i for i, joint in enumerate(layout.joint_names)}
    assert len(index) == layout.num_joints
    want = {
        (i, index[joint.replace('left', 'right')])
        for joint, i in index.items()
        if joint.startswith('left')
    }
    assert set(layout.pairs) == want


def test_kinect_left_arm_is_the_sensors():
    assert get_layout('nturgb+d').parts[1] == (4, 5, 6, 7, 21, 22)
    assert get_layout('nw-ucla').parts[1] == (4, 5, 6, 7)


def test_mirroring_the_pairs_mirrors_the_bones():
    layout = get_layout('nw-ucla')
    swap = list(range(20))
    for left, right in layout.pairs:
        swap[left], swap[right] = right, left
    mirrored = {(swap[c], swap[p]) for c, p in layout.bones}
    assert mirrored == set(layout.bones)


@pytest.mark.parametrize('name', sorted(SIZES))
def test_part_mask_is_a_partition(name):
    layout = get_layout(name)
    mask = layout.part_mask()
    assert mask.shape == (5, SIZES[name]) and mask.dtype == bool
    assert (mask.sum(0) == 1).all()
    for part, joints in enumerate(layout.parts):
        assert tuple(np.flatnonzero(mask[part])) == tuple(sorted(joints))


def test_a_layout_is_returned_as_it_is_and_hashes():
    layout = get_layout('coco')
    assert get_layout(layout) is layout
    assert hash(layout) == hash(get_layout('coco'))


def test_check_joints_says_both_numbers():
    layout = get_layout('nturgb+d')
    layout.check_joints(25)
    with pytest.raises(
        ValueError,
        match=r"^Sample 'a' has 17 joints where "
        r"layout 'nturgb\+d' has 25$",
    ):
        layout.check_joints(17, "Sample 'a'")


def custom(**changes):
    spec = dict(
        num_node=6,
        inward=[(1, 0), (2, 1), (3, 1), (4, 0), (5, 0)],
        center=0,
        parts=[[0, 1], [2, 3], [4, 5]],
    )
    spec.update(changes)
    return spec


def test_custom_dict_with_lists_or_names():
    plain = get_layout(custom())
    assert (plain.name, plain.part_names) == (
        'custom',
        ('part0', 'part1', 'part2'),
    )
    assert plain.parents == (0, 0, 1, 1, 0, 0)
    named = get_layout(
        custom(
            name='arm',
            parts=dict(a=[0, 1], b=[2, 3], c=[4, 5]),
            joint_names=list('uvwxyz'),
            pairs=[[2, 3]],
        )
    )
    assert named.name == 'arm' and named.part_names == ('a', 'b', 'c')
    assert named.pairs == ((2, 3),) and named.joint_names[5] == 'z'


def test_a_config_dict_is_not_changed():
    spec = custom()
    before = copy.deepcopy(spec)
    get_layout(spec)
    assert spec == before


def test_extra_links_are_allowed_and_the_parent_is_nearest_the_center():
    layout = get_layout(
        custom(inward=[(3, 2), (1, 0), (2, 1), (3, 1), (4, 0), (5, 0)])
    )
    assert layout.parents[3] == 1


def test_given_parents_are_kept():
    assert get_layout(custom(parents=[0, 0, 1, 2, 0, 4])).parents[3] == 2


@pytest.mark.parametrize(
    'changes, words',
    [
        (dict(parts=[[0, 1], [2, 3], [4]]), ['missing', 'joint 5']),
        (
            dict(parts=[[0, 1], [2, 3], [4, 5, 3]]),
            ['joint 3', 'repeated', 'part1', 'part2'],
        ),
        (dict(parts=[[0, 1, 1], [2, 3], [4, 5]]), ['joint 1', 'repeated']),
        (
            dict(parts=[[0, 1], [2, 3], [4, 5, 6]]),
            ['part2', 'joint 6', '0 to 5'],
        ),
        (dict(parts=[[0, 1, 2, 3], [], [4, 5]]), ['part1', 'no joints']),
        (dict(parts=[[0, 1, 2], [3, 4, 5]]), ['3 to 8', 'got 2']),
        (dict(inward=[(1, 0), (2, 1), (3, 1), (4, 0)]), ['joint 5', 'center']),
        (
            dict(inward=[(1, 0), (2, 3), (3, 2), (4, 0), (5, 0)]),
            ['joint 2, joint 3'],
        ),
        (dict(inward=[(1, 0), (2, 1), (3, 1), (4, 0), (5, 6)]), ['joint 6']),
        (
            dict(inward=[(1, 0), (2, 1), (3, 1), (4, 0), (5, 0), (5, 5)]),
            ['joint 5', 'itself'],
        ),
        (
            dict(inward=[(1, 0), (2, 1), (3, 1), (4, 0), (5, 0), (5, 0)]),
            ['(5, 0)', 'twice'],
        ),
        (dict(inward=[(1, 0, 0)]), ['(1, 0, 0)']),
        (dict(center=6), ['center', 'joint 6']),
        (dict(center=-1), ['center', 'joint -1']),
        (dict(joint_names=['a']), ['1 joint names', '6 joints']),
        (dict(pairs=[(2, 9)]), ['joint 9']),
        (dict(pairs=[(2, 3), (3, 4)]), ['joint 3', 'repeated']),
        (dict(parents=[0, 1]), ['2 parents']),
        (dict(parents=[0, 0, 1, 1, 0, 7]), ['joint 7']),
        (dict(num_node=0), ['at least 1']),
    ],
)
def test_a_bad_dict_is_refused_with_the_joint_named(changes, words):
    with pytest.raises(ValueError) as err:
        get_layout(custom(name='mine', **changes))
    for word in ["'mine'", *words]:
        assert word in str(err.value)


def test_the_joints_name_is_in_the_message():
    with pytest.raises(ValueError, match=r'joint 5 \(toe\)'):
        get_layout(
            custom(
                parts=[[0, 1], [2, 3], [4]],
                joint_names=['a', 'b', 'c', 'd', 'e', 'toe'],
            )
        )


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(KeyError, match='coco.*nturgb.*nw-ucla.*openpose'):
        get_layout('ntu')


def test_missing_and_unknown_keys_are_named():
    spec = custom()
    del spec['center']
    with pytest.raises(KeyError, match='center'):
        get_layout(spec)
    with pytest.raises(KeyError, match='part_list'):
        get_layout(custom(part_list=[]))


@pytest.mark.parametrize('bad', [3, None, ['coco']])
def test_other_types_are_refused(bad):
    with pytest.raises(TypeError, match=type(bad).__name__):
        get_layout(bad)


@pytest.mark.parametrize(
    'changes',
    [
        dict(num_node=6.0),
        dict(parts=[[0, 1], [2, 3], [4, 5.0]]),
        dict(inward=[3]),
        dict(parts=[0, 1, 2]),
        dict(parts=7),
    ],
)
def test_values_that_are_no_joint_numbers_are_refused(changes):
    with pytest.raises(TypeError, match='custom'):
        get_layout(custom(**changes))


@st.composite
def layouts(draw):
    """A random tree over V joints and a random partition of them."""
    num = draw(st.integers(8, 30))
    order = draw(st.permutations(range(num)))
    bones = [
        (order[i], order[draw(st.integers(0, i - 1))]) for i in range(1, num)
    ]
    num_parts = draw(st.integers(3, 8))
    parts = [[joint] for joint in order[:num_parts]]
    for joint in order[num_parts:]:
        parts[draw(st.integers(0, num_parts - 1))].append(joint)
    return dict(num_node=num, inward=bones, center=order[0], parts=parts)


@settings(max_examples=60, deadline=None)
@given(layouts())
def test_any_partition_and_tree_is_accepted(spec):
    layout = get_layout(spec)
    assert (layout.part_mask().sum(0) == 1).all()
    want = dict(spec['inward'])
    want[spec['center']] = spec['center']
    assert dict(enumerate(layout.parents)) == want


@settings(max_examples=60, deadline=None)
@given(layouts(), st.data())
def test_any_lost_joint_is_named(spec, data):
    part = data.draw(
        st.sampled_from([p for p in spec['parts'] if len(p) > 1] or [None])
    )
    if part is None:
        return
    joint = part.pop(data.draw(st.integers(0, len(part) - 1)))
    with pytest.raises(ValueError, match=rf'missing.*\bjoint {joint}\b'):
        get_layout(spec)


@settings(max_examples=60, deadline=None)
@given(layouts(), st.data())
def test_any_repeated_joint_is_named(spec, data):
    joint = data.draw(st.integers(0, spec['num_node'] - 1))
    data.draw(st.sampled_from(spec['parts'])).append(joint)
    with pytest.raises(ValueError, match=rf'\bjoint {joint}\b is repeated'):
        get_layout(spec)


@settings(max_examples=60, deadline=None)
@given(layouts(), st.data())
def test_any_stray_joint_is_named(spec, data):
    num = spec['num_node']
    joint = data.draw(st.integers(-50, -1) | st.integers(num, num + 50))
    data.draw(st.sampled_from(spec['parts'])).append(joint)
    with pytest.raises(ValueError, match=rf'joint {joint}, but'):
        get_layout(spec)


@settings(max_examples=60, deadline=None)
@given(layouts(), st.data())
def test_any_cut_bone_is_named(spec, data):
    bones = spec['inward']
    child, _ = bones.pop(data.draw(st.integers(0, len(bones) - 1)))
    with pytest.raises(ValueError, match=rf'leads from.*\bjoint {child}\b'):
        get_layout(spec)


def test_a_layout_made_by_hand_is_checked_too():
    good = get_layout('coco')
    with pytest.raises(ValueError, match='joint 4'):
        Layout(
            'x',
            17,
            good.bones,
            0,
            ((0, 1, 2, 3), *good.parts[1:]),
            good.part_names,
        )


def test_the_builtin_table_is_what_get_layout_knows():
    for name in BUILTIN_LAYOUTS:
        assert get_layout(name).name == name


def test_part_numbers_do_not_depend_on_the_order_of_keys():
    """mmengine writes the dicts of a config sorted by key."""
    fingers = dict(
        palm=[0],
        thumb=[1, 2, 3, 4],
        index=[5, 6, 7, 8],
        middle=[9, 10, 11, 12],
        ring=[13, 14, 15, 16],
        little=[17, 18, 19, 20],
    )
    bones = [(j, j - 1 if (j - 1) % 4 else 0) for j in range(1, 21)]

    def built(parts):
        spec = dict(num_node=21, inward=bones, center=0, parts=parts)
        return get_layout(spec)

    for order in (list(fingers), sorted(fingers), sorted(fingers)[::-1]):
        layout = built({name: fingers[name] for name in order})
        assert layout == built(fingers)
    assert layout.part_names == tuple(fingers)
    # Who wants another order writes a list.
    listed = built([fingers[name] for name in sorted(fingers)])
    assert listed.parts[0] == (5, 6, 7, 8)


@pytest.mark.parametrize('name', sorted(BUILTIN_LAYOUTS))
def test_a_builtin_layout_written_as_a_dict_keeps_its_part_numbers(name):
    spec = dict(BUILTIN_LAYOUTS[name], name=name)
    assert tuple(spec['parts']) == BODY_PARTS
    for order in (sorted(BODY_PARTS), BODY_PARTS[::-1]):
        parts = {part: spec['parts'][part] for part in order}
        assert get_layout(dict(spec, parts=parts)) == get_layout(name)
