"""Sentences, each beside the numbers that it may speak of."""

import re

import pytest

from shapmix_mm.inference.sentence import sentence

NAMES = ['trunk', 'left_arm', 'right_arm', 'left_leg', 'right_leg']


def pair(first, second, value):
    return dict(parts=[first, second], value=value)


@pytest.mark.parametrize(
    'parts, combinations, none, all, expected',
    [
        # A combination that is more than its parts.
        (
            [0.15, 0.0, 0.26, 0.0, 0.0],
            [pair(0, 2, 0.41), pair(2, 3, 0.26)],
            *(0.3, 0.71),
            'Trunk and right arm together raise “throw” by 41 points; its '
            'probability is 71 % with all parts moving and 30 % with none.',
        ),
        # One arm does it, whatever is counted with it.
        (
            [0.01, 0.0, 0.39, 0.0, 0.0],
            [pair(0, 2, 0.41)],
            *(0.3, 0.7),
            'Right arm raises “throw” by 39 points; its '
            'probability is 70 % with all parts moving and 30 % with none.',
        ),
        # For and against.
        (
            [0.0, 0.0, 0.4, -0.06, -0.02],
            [],
            *(0.1, 0.42),
            'Right arm raises “throw” by 40 points, left leg lowers it by 6; '
            'its probability is 42 % with all parts moving and 10 % with '
            'none.',
        ),
        # Against first where that is stronger.
        (
            [-0.3, 0.0, 0.1, 0.0, 0.0],
            [],
            *(0.25, 0.05),
            'Trunk lowers “throw” by 30 points, right arm raises it by 10; '
            'its probability is 5 % with all parts moving and 25 % with none.',
        ),
        (
            [-0.1, 0.0, -0.1, 0.0, 0.0],
            [pair(0, 2, -0.2)],
            *(0.25, 0.05),
            'Trunk and right arm together lower “throw” by 20 points; its '
            'probability is 5 % with all parts moving and 25 % with none.',
        ),
        # What is next to nothing is called so.
        (
            [0.004, -0.004, 0.0, 0.0, 0.0],
            [pair(0, 1, 0.0049)],
            *(0.002, 0.002),
            'No part changes “throw” by as much as half a point; its '
            'probability is below 1 % with all parts moving or none.',
        ),
        (
            [0.01, 0.0, 0.0, 0.0, -0.004],
            [],
            *(0.985, 0.991),
            'Trunk raises “throw” by 1 point; its probability is above 99 % '
            'with all parts moving and 98 % with none.',
        ),
        # A part of the group that leads is not played off against it.
        (
            [-0.1, 0.0, 0.2, 0.0, 0.0],
            [pair(0, 2, 0.5)],
            *(0.0, 0.1),
            'Trunk and right arm together raise “throw” by 50 points; its '
            'probability is 10 % with all parts moving and 0 % with none.',
        ),
    ],
)
def test_sentences_by_hand(parts, combinations, none, all, expected):
    assert sentence('throw', NAMES, parts, combinations, none, all) == expected


def test_three_parts_are_listed():
    triple = dict(parts=[4, 0, 2], value=0.9)
    text = sentence('kick', NAMES, [0.3, 0, 0.3, 0, 0.3], [triple], 0, 0.9)
    assert text.startswith('Trunk, right arm and right leg together raise')


@pytest.mark.parametrize(
    'name, verb',
    [
        ('legs', 'raise'),
        ('both feet', 'raise'),
        ('pelvis', 'raises'),
        ('chest', 'raises'),
    ],
)
def test_a_plural_part_has_a_plural_verb(name, verb):
    text = sentence('kick', [name], [0.5], [], 0.25, 0.75)
    assert f' {verb} “kick” by 50 points' in text


def test_every_number_is_one_that_was_given():
    parts = [0.11, -0.07, 0.23, -0.05, 0.02]
    pairs = [pair(0, 2, 0.37), pair(1, 3, -0.13)]
    text = sentence('7', NAMES, parts, pairs, 0.33, 0.57)
    given = {7, 33, 57, *(abs(round(100 * v)) for v in parts), 37, 13}
    assert {int(n) for n in re.findall(r'\d+', text)} <= given
