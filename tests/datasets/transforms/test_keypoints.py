"""The shared entry checks."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from shapmix_mm.datasets.transforms.keypoints import (
    KeypointTransform,
    present,
    read_keypoint,
    sample_name,
)


def test_sample_name_with_and_without():
    assert sample_name(dict(frame_dir='S1')) == "Sample 'S1'"
    assert 'without' in sample_name({})


def test_read_keypoint_gives_the_very_array():
    keypoint = np.ones((1, 2, 3, 2))
    assert read_keypoint(dict(keypoint=keypoint)) is keypoint


def test_present_is_any_nonzero_coordinate():
    keypoint = np.zeros((2, 3, 4, 3))
    keypoint[0, 1, 3, 2] = -1e-9
    want = [[False, True, False], [False, False, False]]
    np.testing.assert_array_equal(present(keypoint), want)


TEXTS = [
    'AlignPersons(spine=(0, 1), hips=(3, 4))',
    "CheckJoints(layout='coco', num_person=None)",
    'CropResizeFrames(clip_len=64, p_interval=(0.95,), min_frames=64)',
    'KeepMainPersons(num_person=2)',
    "KinectV1Normalize(center=1, layout='nw-ucla', stretch=True)",
    'MergePersons()',
    "PadFrames(clip_len=300, mode='zero')",
    "RandomRotation3D(theta=(1.0, 1.0, 0.0), order='xyz')",
    'RandomScale3D(scale=(0.5, 1.5), per_axis=False)',
    'RandomTimeReversal(prob=0.25)',
    "SkeletonFeatures(layout='nw-ucla', feats=('b',))",
]


@pytest.mark.parametrize('text', TEXTS)
def test_the_text_of_a_transform_builds_it(text):
    name, _, given = text[:-1].partition('(')
    arguments = eval(f'dict({given})')
    assert repr(TRANSFORMS.build(dict(type=name, **arguments))) == text


def test_every_transform_with_such_a_text_is_tried():
    ours = {kind.__name__ for kind in KeypointTransform.__subclasses__()}
    # What several views run is built, not given.
    assert ours == {text.partition('(')[0] for text in TEXTS} | {'MultiView'}
    views = TRANSFORMS.build(dict(type='MultiView', pipeline=[]))
    assert repr(views).startswith('MultiView(pipeline=Compose(')
