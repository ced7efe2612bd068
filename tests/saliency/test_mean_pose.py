"""Joints out of the features of a stream."""

from types import SimpleNamespace

import numpy as np
import pytest
from mmaction.datasets.transforms import GenSkeFeat, JointToBone, ToMotion
from torch.utils.data import ConcatDataset

from shapmix_mm.datasets.transforms import FastGenSkeFeat, SkeletonFeatures
from shapmix_mm.saliency import feature_joints, stream_features
from shapmix_mm.skeletons import get_layout


class Served:
    """A dataset as far as it matters here."""

    def __init__(self, *steps):
        self.pipeline = SimpleNamespace(transforms=steps)

    def __len__(self):
        return 1


@pytest.mark.parametrize(
    'steps, feats',
    [
        ((), ('j',)),
        ((SkeletonFeatures(feats=['j', 'bm']),), ('j', 'bm')),
        ((GenSkeFeat(feats=['b']),), ('b',)),
        ((FastGenSkeFeat(feats=['b']),), ('b',)),
        ((JointToBone(target='keypoint'),), ('b',)),
        (
            (JointToBone(target='keypoint'), ToMotion(target='keypoint')),
            ('bm',),
        ),
    ],
)
def test_features_of_a_pipeline(steps, feats):
    dataset = Served(*steps)
    assert stream_features(dataset) == feats
    assert stream_features(SimpleNamespace(dataset=dataset)) == feats
    assert stream_features(ConcatDataset([dataset, Served()])) == feats


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
