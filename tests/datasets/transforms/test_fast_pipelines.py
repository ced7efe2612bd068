"""Whole pipelines of fast transforms against stock's, real clips too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

from shapmix_mm.datasets.demo import DemoSettings, make_demo
from shapmix_mm.datasets.prepare.archives import MemberReader
from shapmix_mm.datasets.prepare.nw_ucla import convert_nw_ucla


def pipeline(prefix: str, *, feats: Any = ('j',), **sampling: Any) -> Compose:
    """Pipeline of MMAction2's configs for 3D joints."""
    steps = [
        dict(type='PreNormalize3D'),
        dict(type='GenSkeFeat', feats=list(feats)),
        dict(type='UniformSampleFrames', clip_len=48, **sampling),
        dict(type='PoseDecode'),
        dict(type='FormatGCNInput', num_person=2),
    ]
    return Compose(
        [
            TRANSFORMS.build({**step, 'type': prefix + str(step['type'])})
            for step in steps
        ]
    )


def assert_equal(compare, samples, **arguments):
    fast = pipeline('Fast', **arguments)
    stock = pipeline('', **arguments)
    for seed, sample in enumerate(samples):
        got = compare(fast, stock, dict(sample), seed=seed)
        assert got['keypoint'].dtype == np.float32


@pytest.mark.parametrize(
    'arguments',
    [dict(feats=['j', 'b', 'jm', 'bm']), dict(num_clips=4, test_mode=True)],
)
def test_the_demo_set(compare, arguments):
    settings = DemoSettings(n_max=12, imbalance=2, test_per_class=1)
    samples = make_demo(settings)['annotations']
    assert len(samples) > 80
    assert_equal(compare, samples, **arguments)


@pytest.mark.parametrize(
    'arguments',
    [dict(feats=['j', 'b', 'jm', 'bm']), dict(num_clips=3, test_mode=True)],
)
def test_odd_samples(compare, draw_pose, arguments):
    """One and two persons, absent ones, empty frames, NaN; any float type."""
    samples = [draw_pose(number) for number in range(150)]
    poses = [sample['keypoint'] for sample in samples]
    assert {len(pose) for pose in poses} == {1, 2}
    assert {bool(np.isnan(pose).any()) for pose in poses} == {False, True}
    for seed, sample in enumerate(samples):
        compare(
            pipeline('Fast', **arguments),
            pipeline('', **arguments),
            sample,
            seed=seed,
        )


@pytest.mark.real_data
def test_real_clips(compare, shared_dir):
    reader = MemberReader(shared_dir / 'data' / 'nw_ucla_all_sqe.tar.xz')
    try:
        samples = convert_nw_ucla(reader)[0]['annotations']
    finally:
        reader.close()
    assert len(samples) == 1484
    # A quarter of them: all go through the same steps.
    assert_equal(compare, samples[::4], feats=['j', 'jm'])
