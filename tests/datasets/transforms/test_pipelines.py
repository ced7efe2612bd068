"""The protocols' pipelines, from config dicts to packed inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

import shapmix_mm.datasets.transforms  # noqa: F401

FINISH = [
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
NTU = [
    dict(type='CheckJoints', layout='nturgb+d'),
    dict(type='KeepMainPersons', num_person=2),
    dict(type='CropResizeFrames', clip_len=64, p_interval=(0.5, 1.0)),
    dict(type='RandomRotation3D', theta=0.3),
    dict(type='RandomScale3D'),
    dict(type='SkeletonFeatures', layout='nturgb+d', feats=['b']),
]
NW_UCLA = [
    dict(type='RandomRotation3D', theta=(1.0472, 1.0472, 0), order='yxz'),
    dict(type='RandomScale3D', scale=(0.5, 1.5)),
    dict(type='KinectV1Normalize'),
    dict(type='CropResizeFrames', clip_len=52, min_frames=16),
    dict(type='SkeletonFeatures', layout='nw-ucla', feats=['j']),
]
COCO = [
    dict(type='PreNormalize2D'),
    dict(type='CropResizeFrames', clip_len=32, p_interval=(0.95,)),
    dict(type='SkeletonFeatures', layout='coco', feats=['bm']),
]


def sample(persons, frames, joints, channels):
    rng = np.random.RandomState(0)
    shape = (persons, frames, joints)
    keypoint = (rng.rand(*shape, channels) + 1).astype(np.float32)
    results = dict(
        frame_dir='S1',
        label=4,
        total_frames=frames,
        img_shape=(1080, 1920),
        keypoint=keypoint,
    )
    if channels == 2:
        results['keypoint_score'] = rng.rand(*shape).astype(np.float32)
    return results


@pytest.mark.parametrize('frames', [1, 5, 150])
@pytest.mark.parametrize('persons', [1, 2, 4])
@pytest.mark.parametrize(
    'steps, joints, channels, want',
    [
        (NTU, 25, 3, (64, 25, 3)),
        (NW_UCLA, 20, 3, (52, 20, 3)),
        (COCO, 17, 2, (32, 17, 3)),
    ],
)
def test_packed_inputs(steps, joints, channels, want, persons, frames):
    packed = Compose([TRANSFORMS.build(s) for s in steps + FINISH])(
        sample(persons, frames, joints, channels)
    )
    inputs = packed['inputs']
    assert inputs.shape == (1, 2, *want) and inputs.dtype == torch.float32
    assert torch.isfinite(inputs).all()
    assert packed['data_samples'].gt_label.item() == 4
    if persons == 1:
        assert not inputs[0, 1].any()


def test_an_absent_second_person_stays_absent():
    results = sample(2, 80, 25, 3)
    results['keypoint'][1] = 0
    packed = Compose([TRANSFORMS.build(s) for s in NTU + FINISH])(results)
    assert packed['inputs'][0, 0].any() and not packed['inputs'][0, 1].any()
