"""The skip modality of BRL."""

import numpy as np
import pytest

from shapmix_mm.datasets.transforms import SkeletonFeatures
from shapmix_mm.skeletons import BUILTIN_LAYOUTS, get_layout, joint_to_skip


@pytest.mark.parametrize('feat', ['b', 'k', 'km'])
def test_it_is_that_of_the_authors(feat, authors, uniform):
    clip = uniform(520, 2, 5, 25, 3).float().numpy()
    made = SkeletonFeatures(feats=[feat])(dict(keypoint=clip))['keypoint']
    np.testing.assert_array_equal(made, authors('brl')[f'out_ntu_{feat}'])


@pytest.mark.parametrize(
    'layout, key', [('nturgb+d', 'ntu'), ('nw-ucla', 'ucla')]
)
def test_pairs_are_those_of_the_authors(layout, key, authors):
    """Joint j lies at j, so that a difference tells the other end."""
    num = get_layout(layout).num_joints
    line = np.repeat(np.arange(num, dtype=float)[:, None], 3, 1)
    ends = line[:, 0] - joint_to_skip(line, layout)[:, 0]
    assert ends.tolist() == authors('brl')[f'pairs_{key}_k'].tolist()


@pytest.mark.parametrize('layout', BUILTIN_LAYOUTS)
def test_every_layout_has_it(layout):
    known = get_layout(layout)
    joints = np.random.default_rng(0).normal(size=(4, known.num_joints, 3))
    skip = joint_to_skip(joints, layout, scored=False)
    assert skip.shape == joints.shape and skip.any()
    for joint, parent in enumerate(known.parents):
        before = known.parents[parent]
        expected = joints[:, joint] - joints[:, before]
        if before == parent:
            expected = np.zeros_like(expected)
        np.testing.assert_allclose(skip[:, joint], expected, atol=1e-6)
