"""Two persons per frame, against MMAction2's own transform."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from shapmix_mm.datasets.kinetics import two_persons


@pytest.mark.parametrize('persons', [1, 2, 3, 6])
def test_it_does_what_decompress_pose_does(make_video, persons):
    stock = TRANSFORMS.build(
        dict(type='DecompressPose', squeeze=True, max_person=2)
    )
    for seed in range(30):
        frame_inds, poses, _ = make_video(seed, persons=persons)
        want = stock(
            dict(
                total_frames=12,
                frame_inds=frame_inds.copy(),
                keypoint=poses.copy(),
            )
        )
        keypoint, score = two_persons(poses, frame_inds)
        np.testing.assert_array_equal(keypoint, want['keypoint'])
        np.testing.assert_array_equal(score, want['keypoint_score'])
        assert keypoint.dtype == want['keypoint'].dtype
        assert keypoint.shape[1] == want['total_frames']


def test_frames_need_not_be_in_order(make_video):
    frame_inds, poses, _ = make_video(0)
    sorted_ = two_persons(poses, frame_inds)
    # Later frames first, the poses of one frame in their order.
    order = np.argsort(-frame_inds, kind='stable')
    mixed = two_persons(poses[order], frame_inds[order])
    for a, b in zip(sorted_, mixed):
        np.testing.assert_array_equal(a, b)


def test_no_pose():
    keypoint, score = two_persons(
        np.zeros((0, 17, 3)), np.zeros(0, dtype=np.int16)
    )
    assert keypoint.shape == (0, 0, 17, 2) and score.shape == (0, 0, 17)
