"""Where the poses of a video are found."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from shapmix_mm.datasets.kinetics import find_kpfile, read_poses
from shapmix_mm.datasets.preparation import UnusableFile

POSES = np.ones((2, 17, 3), dtype=np.float16)


def test_a_file_of_its_own_or_a_shared_one(tmp_path):
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(dict(keypoint=POSES)))
    shared = dict(b=dict(keypoint=2 * POSES), c=dict(keypoint=3 * POSES))
    (tmp_path / 'part_1.pkl').write_bytes(pickle.dumps(shared))
    folder = str(tmp_path)
    for entry, value in (
        (dict(frame_dir='a', raw_file='gone/part_0.pkl'), 1),
        (dict(frame_dir='b', raw_file='some/where/part_1.pkl'), 2),
        (dict(frame_dir='c', raw_file='part_1.pkl'), 3),
    ):
        path = find_kpfile(entry, folder)
        poses = read_poses(path, entry['frame_dir'])['keypoint']
        np.testing.assert_array_equal(poses, value * POSES)
    with pytest.raises(UnusableFile, match='no d.pkl or part_2.pkl') as caught:
        find_kpfile(dict(frame_dir='d', raw_file='part_2.pkl'), folder)
    assert caught.value.reason == 'kpfile missing'


@pytest.mark.parametrize('name', ['../x', '/etc/x', 'a/../../x'])
def test_a_name_cannot_lead_elsewhere(tmp_path, name):
    (tmp_path / 'in').mkdir()
    (tmp_path / 'x.pkl').write_bytes(pickle.dumps(dict(keypoint=POSES)))
    with pytest.raises(UnusableFile) as caught:
        find_kpfile(dict(frame_dir=name), str(tmp_path / 'in'))
    assert caught.value.reason == 'bad name'


@pytest.mark.parametrize(
    'content, reason',
    [
        (b'', 'unreadable'),
        (pickle.dumps(dict(keypoint=POSES))[:-20], 'unreadable'),
        (pickle.dumps(print), 'unreadable'),
        (pickle.dumps([1]), 'malformed'),
        (pickle.dumps(dict(other=dict(keypoint=POSES))), 'malformed'),
        (pickle.dumps(dict(keypoint=[1, 2])), 'malformed'),
        (pickle.dumps(dict(keypoint=POSES[:, :15])), 'wrong joint count'),
        (pickle.dumps(dict(keypoint=POSES[..., :2])), 'wrong joint count'),
    ],
)
def test_damaged_files(tmp_path, content, reason):
    path = tmp_path / 'a.pkl'
    path.write_bytes(content)
    with pytest.raises(UnusableFile) as caught:
        read_poses(str(path), 'a')
    assert caught.value.reason == reason
