"""FastGenSkeFeat against stock."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.datasets.transforms import GenSkeFeat

from shapmix_mm.datasets.transforms import FastGenSkeFeat

FEATS = [
    ['j'],
    ['b'],
    ['jm'],
    ['bm'],
    ['j', 'b', 'jm', 'bm'],
    ['bm', 'j'],
    'jb',
    ['j', 'j'],
    ['j', 'speed'],
    ['speed'],
    [],
]


@pytest.mark.parametrize('feats', FEATS)
@pytest.mark.parametrize(
    'dataset, joints, channels, score',
    [
        ('nturgb+d', 25, 3, False),
        ('nturgb+d', 27, 3, False),
        ('nturgb+d', 20, 3, False),
        ('nturgb+d', 25, 2, True),
        ('coco', 17, 2, False),
        ('coco', 17, 2, True),
        ('coco', 17, 3, False),
        ('coco', 17, 3, True),
        ('coco', 17, 4, False),
        ('openpose', 18, 2, True),
        ('openpose', 18, 3, False),
    ],
)
def test_equals_stock(
    draw_pose, compare, dataset, joints, channels, score, feats
):
    fast = FastGenSkeFeat(dataset=dataset, feats=feats)
    stock = GenSkeFeat(dataset=dataset, feats=feats)
    for number in range(12):
        sample = draw_pose(number, joints, channels)
        pose = sample['keypoint']
        if score:
            sample['keypoint_score'] = abs(pose[..., 0])
        if 'speed' in feats:
            sample['speed'] = pose[..., :1] ** 2
        compare(fast, stock, sample)


@pytest.mark.parametrize('axis', [0, 1, 2, -2, 9])
def test_axis(draw_pose, compare, axis):
    arguments = dict(feats=['j', 'bm'], axis=axis)
    for number in range(5):
        compare(
            FastGenSkeFeat(**arguments),
            GenSkeFeat(**arguments),
            draw_pose(number),
        )


def test_an_unknown_layout_matters_to_bones_only(draw_pose, compare):
    arguments = dict(dataset='horse', feats=['j', 'jm'])
    compare(FastGenSkeFeat(**arguments), GenSkeFeat(**arguments), draw_pose(1))
    with pytest.raises(ValueError, match='horse'):
        FastGenSkeFeat(dataset='horse', feats=['b'])


@pytest.mark.parametrize(
    'channels, score, words', [(3, True, 'keypoint_score'), (4, False, 'jm')]
)
def test_bad_samples_are_named(channels, score, words):
    sample = dict(frame_dir='S1', keypoint=np.ones((1, 4, 17, channels)))
    if score:
        sample['keypoint_score'] = np.ones((1, 4, 17))
    with pytest.raises(ValueError, match=f"'S1'.*{words}"):
        FastGenSkeFeat('coco', ['jm'])(sample)
