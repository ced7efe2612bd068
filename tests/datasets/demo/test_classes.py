"""The demo classes: what tells them apart, and how they are spread."""

import pytest

from shapmix_mm.datasets.demo import ACTIONS, DemoSettings
from shapmix_mm.datasets.demo.body import DOF_INDEX, LIMITS, PARTS
from shapmix_mm.datasets.demo.classes import FAINT, GESTURES, IDLE

BY_NAME = {action.name: action for action in ACTIONS}
SALIENT = {
    'wave_right': ('right_arm',),
    'kick_left': ('left_leg',),
    'handshake': ('right_arm',),
    'nod': ('trunk',),
    'wave_both': ('left_arm', 'right_arm'),
    'push_person': ('trunk', 'left_arm', 'right_arm'),
    'march': ('left_leg', 'right_leg'),
    'bow': ('trunk', 'left_arm', 'right_arm'),
    'kick_right_raise_right': ('right_arm', 'right_leg'),
}


def angle_name(part, name):
    return name if part == 'trunk' else f'{part.split("_")[0]}_{name}'


def test_there_are_enough_distinct_classes():
    assert len(BY_NAME) == len(ACTIONS) >= 12
    assert len({repr((a.roles, a.partner)) for a in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize('name', SALIENT)
def test_salient_parts(name):
    assert BY_NAME[name].salient_parts == SALIENT[name]


def test_every_part_is_salient_in_some_classes_only():
    for part in PARTS:
        hits = sum(part in action.salient_parts for action in ACTIONS)
        assert 2 <= hits <= len(ACTIONS) - 2


@pytest.mark.parametrize('action', ACTIONS, ids=lambda action: action.name)
def test_gestures_stay_within_the_limits(action):
    for roles in (action.roles, action.partner or {}):
        for part, (gesture, _) in roles.items():
            for name, (mean, swing, _) in GESTURES[gesture].swings.items():
                low, high = LIMITS[DOF_INDEX[angle_name(part, name)]]
                assert low <= mean - abs(swing)
                assert mean + abs(swing) <= high


def test_idle_gestures_fit_their_parts():
    for kind in ('arm', 'leg', 'trunk'):
        part = kind if kind == 'trunk' else f'left_{kind}'
        for gesture in (*IDLE[kind], *FAINT[kind]):
            for name in GESTURES[gesture].swings:
                assert angle_name(part, name) in DOF_INDEX


def test_idle_gestures_belong_to_no_class():
    used = {g for a in ACTIONS for g, _ in a.roles.values()}
    assert not used & {name for names in IDLE.values() for name in names}


@pytest.mark.parametrize(
    ('smaller', 'larger', 'part'),
    [
        ('wave_right', 'wave_both', 'left_arm'),
        ('wave_left', 'wave_both', 'right_arm'),
        ('kick_left', 'kick_left_raise_right', 'right_arm'),
        ('kick_right', 'kick_right_raise_right', 'right_arm'),
    ],
)
def test_classes_that_differ_in_one_part_only(smaller, larger, part):
    roles = dict(BY_NAME[larger].roles)
    assert part in roles
    roles.pop(part)
    assert roles == BY_NAME[smaller].roles


@pytest.mark.parametrize(
    ('left', 'right'),
    [('wave_left', 'wave_right'), ('kick_left', 'kick_right')],
)
def test_mirrored_classes(left, right):
    swapped = {
        part.replace('left', 'right'): role
        for part, role in BY_NAME[left].roles.items()
    }
    assert swapped == BY_NAME[right].roles


def test_many_medium_and_few_hold_like_kinds():
    counts = DemoSettings().train_counts()
    groups = {'many': [], 'medium': [], 'few': []}
    for action, count in zip(ACTIONS, counts):
        name = 'many' if count > 40 else 'few' if count < 12 else 'medium'
        groups[name].append(action)
    for members in groups.values():
        assert len(members) >= 4
        assert any(action.partner is not None for action in members)
        salient = {p for a in members for p in a.salient_parts}
        assert {'trunk', 'left_arm', 'right_arm'} <= salient
        assert salient & {'left_leg', 'right_leg'}
