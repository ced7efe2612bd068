"""Persons after each other, by hand."""

import numpy as np
import pytest

from shapmix_mm.datasets.transforms import MergePersons


def test_each_frame_gives_the_persons_who_are_there():
    keypoint = np.zeros((2, 4, 3, 3), dtype=np.float32)
    keypoint[0, [0, 1, 3]] = np.array([1, 2, 4])[:, None, None]
    keypoint[1, [1, 3]] = np.array([12, 14])[:, None, None]
    found = MergePersons()(dict(keypoint=keypoint, total_frames=4))
    assert found['keypoint'][0, :, 0, 0].tolist() == [1, 2, 12, 4, 14]
    assert found['keypoint'].shape == (1, 5, 3, 3)
    assert found['total_frames'] == 5
    empty = dict(keypoint=np.zeros((2, 4, 3, 3), dtype=np.float32))
    with pytest.raises(ValueError, match='no valid frame'):
        MergePersons()(empty)
