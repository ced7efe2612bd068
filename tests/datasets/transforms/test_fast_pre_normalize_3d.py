"""FastPreNormalize3D against stock, bit for bit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from mmaction.datasets.transforms import PreNormalize3D

from shapmix_mm.datasets.transforms import FastPreNormalize3D


def test_a_thousand_samples(draw_pose, compare):
    fast, stock = FastPreNormalize3D(), PreNormalize3D()
    results = [compare(fast, stock, draw_pose(n)) for n in range(1000)]
    done = [r for r in results if r is not None and 'body_center' in r]
    assert len(done) > 800
    assert any(r['total_frames'] == 1 for r in done)
    assert any(not r['keypoint'][-1].any() for r in done)
    assert any(np.isnan(r['keypoint']).all() for r in done)


@pytest.mark.parametrize(
    'spine, shoulder', itertools.product([False, True], repeat=2)
)
@pytest.mark.parametrize('joints', [20, 25])
def test_all_arguments(draw_pose, compare, joints, spine, shoulder):
    arguments = dict(
        zaxis=[3, 2], xaxis=[5, 9], align_spine=spine, align_shoulder=shoulder
    )
    fast = FastPreNormalize3D(**arguments)
    stock = PreNormalize3D(**arguments)
    for number in range(60):
        compare(fast, stock, draw_pose(number, joints))


@pytest.mark.parametrize('kind', ['read-only', 'strided', 'int32'])
def test_kinds_of_arrays(draw_pose, compare, kind):
    for number in range(40):
        sample = draw_pose(number)
        pose = np.nan_to_num(sample['keypoint'], posinf=0)
        if kind == 'strided':
            pose = np.asfortranarray(pose)
        elif kind == 'int32':
            pose = (pose.astype(np.float64) * 10).astype(np.int32)
        pose.flags.writeable = False
        sample['keypoint'] = pose
        compare(FastPreNormalize3D(), PreNormalize3D(), sample)


def test_without_total_frames_and_as_nothing_but_zeros(draw_pose, compare):
    sample = draw_pose(0)
    del sample['total_frames']
    compare(FastPreNormalize3D(), PreNormalize3D(), sample)
    sample['keypoint'] = np.zeros((3, 5, 25, 3), np.float32)
    got = compare(FastPreNormalize3D(), PreNormalize3D(), sample)
    assert got['keypoint'] is sample['keypoint']


def test_coordinates_that_add_up_to_zero(compare):
    pose = np.ones((1, 4, 25, 4), np.float32)[..., :3]
    pose[:, ::2] *= -1
    sample = dict(frame_dir='S1', keypoint=pose)
    got = compare(FastPreNormalize3D(), PreNormalize3D(), sample)
    assert got['keypoint'] is pose and 'body_center' not in got


def test_without_centre_where_stock_fails(draw_pose):
    sample = draw_pose(3)
    with pytest.raises(UnboundLocalError):
        PreNormalize3D(align_center=False)(dict(sample))
    got = FastPreNormalize3D(
        align_center=False, align_spine=False, align_shoulder=False
    )(dict(sample))
    assert 'body_center' not in got
    np.testing.assert_array_equal(got['keypoint'], sample['keypoint'])
    assert not np.shares_memory(got['keypoint'], sample['keypoint'])


@pytest.mark.parametrize(
    'change, error, words',
    [
        (dict(total_frames=7), ValueError, "'S1'.*total_frames is 7.*4 fr"),
        (dict(keypoint=np.ones((3, 4, 25, 3))), ValueError, "'S1'.*got 3"),
        (
            dict(keypoint=np.full((2, 4, 25, 3), 1e-9)),
            IndexError,
            "'S1' has no frame",
        ),
    ],
)
def test_bad_samples_are_named(change, error, words):
    sample = dict(
        frame_dir='S1', total_frames=4, keypoint=np.ones((1, 4, 25, 3))
    )
    with pytest.raises(error, match=words):
        FastPreNormalize3D()({**sample, **change})
