"""Which transforms can be done once, and how they are told apart."""

from __future__ import annotations

import shlex

import pytest
from mmaction.registry import TRANSFORMS

from shapmix_mm.datasets.cache import describe, leading, rebuild_command


def built(name, **args):
    return TRANSFORMS.build(dict(args, type=name))


@pytest.mark.parametrize(
    ('one', 'two'),
    [
        (built('PreNormalize3D'), built('PreNormalize3D', zaxis=(0, 1))),
        (built('PreNormalize3D'), built('FastPreNormalize3D')),
        (
            built('PreNormalize2D', img_shape=[4, 5]),
            built('PreNormalize2D', img_shape=(4, 5)),
        ),
        (
            built('KinectV1Normalize'),
            built('KinectV1Normalize', layout='nw-ucla', center=1),
        ),
    ],
)
def test_the_same(one, two):
    assert describe(one) == describe(two) is not None


@pytest.mark.parametrize(
    ('one', 'two'),
    [
        (built('PreNormalize3D'), built('PreNormalize3D', zaxis=(1, 0))),
        (built('PreNormalize3D'), built('PreNormalize3D', align_spine=False)),
        (built('PreNormalize3D'), built('PreNormalize2D')),
        (
            built('KinectV1Normalize'),
            built('KinectV1Normalize', layout='nturgb+d'),
        ),
    ],
)
def test_not_the_same(one, two):
    assert describe(one) != describe(two)


def test_what_is_random_or_unknown_is_not_described():
    assert describe(built('UniformSampleFrames', clip_len=4)) is None
    assert describe(built('RandomRotation3D', theta=0.1)) is None
    assert describe(len) is None


@pytest.mark.parametrize('name', ['mine', 'nturgb+d'])
def test_a_layout_of_ones_own_is_not_described(name):
    """Its name does not tell it, a built-in's name even less."""
    layout = dict(
        name=name,
        num_node=3,
        center=0,
        inward=[(1, 0), (2, 0)],
        parts=[[0], [1], [2]],
    )
    step = built('CheckJoints', layout=layout)
    assert describe(step) is None
    assert leading([built('PreNormalize3D'), step]) == [
        dict(type='PreNormalize3D', args={})
    ]


def test_leading_ends_at_the_first_other_transform():
    steps = [
        built('CheckJoints', layout='nturgb+d'),
        built('PreNormalize3D', xaxis=[4, 8]),
        built('PoseDecode'),
        built('PreNormalize2D'),
    ]
    assert leading(steps) == [
        dict(type='CheckJoints', args=dict(layout='nturgb+d')),
        dict(type='PreNormalize3D', args=dict(xaxis=[4, 8])),
    ]
    assert leading(steps[2:]) == []


def test_the_command_gives_the_transforms_back():
    from shapmix_mm.config.data import transform_from_words

    steps = [
        built('KeepMainPersons', num_person=1),
        built('PreNormalize3D', xaxis=[4, 8], align_center=False),
        built('KinectV1Normalize', layout='nturgb+d', stretch=False),
    ]
    words = shlex.split(rebuild_command('my file.pkl', '/out', leading(steps)))
    assert words[:5] == [
        'python',
        'tools/data/build_cache.py',
        'my file.pkl',
        '--out',
        '/out',
    ]
    found = ' '.join(words).split(' --normalize ')[1:]
    again = [
        transform_from_words(part.replace(', ', ',').split()) for part in found
    ]
    assert leading(again) == leading(steps)
