"""Joints out of the features of a stream."""

import numpy as np
import pytest

from shapmix_mm.datasets.transforms import SkeletonFeatures
from shapmix_mm.saliency import feature_joints
from shapmix_mm.skeletons import get_layout


@pytest.mark.parametrize('name', ['nturgb+d', 'coco'])
def test_joints_and_bones_lead_back_to_the_joints(name):
    layout = get_layout(name)
    rng = np.random.default_rng(0)
    dims = 2 if layout.planar else 3
    keypoint = rng.normal(size=(2, 3, layout.num_joints, dims))
    data = dict(keypoint=keypoint.astype(np.float32))
    if layout.planar:
        data['keypoint_score'] = rng.uniform(size=keypoint.shape[:-1])
    for feats in (('j',), ('b',), ('bm', 'b'), ('b', 'j', 'jm')):
        made = SkeletonFeatures(layout, feats).transform(dict(data))
        found = feature_joints(made['keypoint'], feats, layout)
        root = next(j for j, p in enumerate(layout.parents) if p == j)
        origin = 0 if 'j' in feats else keypoint[:, :, [root]]
        np.testing.assert_allclose(found, keypoint - origin, atol=1e-5)


def test_motion_alone_shows_no_body():
    with pytest.raises(ValueError, match="takes 'j' or 'b'"):
        feature_joints(np.ones((25, 6)), ('jm', 'bm'), get_layout('nturgb+d'))
