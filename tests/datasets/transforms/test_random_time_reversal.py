"""Clips played backwards."""

import numpy as np
from mmaction.registry import TRANSFORMS

import shapmix_mm  # noqa: F401


def test_it_is_the_reversal_of_the_authors(authors, uniform):
    clip = uniform(520, 2, 5, 25, 3).float().numpy()
    step = TRANSFORMS.build(dict(type='RandomTimeReversal', prob=1.0))
    made = step(dict(keypoint=clip, keypoint_score=clip[..., 0]))
    np.testing.assert_array_equal(
        made['keypoint'], authors('brl')['flip_time']
    )
    np.testing.assert_array_equal(made['keypoint_score'], clip[:, ::-1, :, 0])


def test_it_happens_as_often_as_it_should():
    step = TRANSFORMS.build(dict(type='RandomTimeReversal', prob=0.3))
    np.random.seed(0)
    ahead = np.arange(2.0).reshape(1, 2, 1, 1)
    turned = [
        step(dict(keypoint=ahead))['keypoint'][0, 0, 0, 0] for _ in range(3000)
    ]
    assert abs(np.mean(turned) - 0.3) < 0.03
