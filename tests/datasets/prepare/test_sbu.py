"""SBU Kinect Interaction: two persons, in metres, five folds of pairs."""

from __future__ import annotations

import numpy as np
import pytest

from shapmix_mm.datasets.prepare.archives import Member, MemberReader
from shapmix_mm.datasets.prepare.sbu import CLASSES, FOLDS, convert_sbu
from shapmix_mm.skeletons import get_layout


def member(values=None, place='s01s02/05/003'):
    if values is None:
        values = np.random.default_rng(0).uniform(0.1, 0.9, (4, 2, 15, 3))
    lines = [
        ','.join(map(str, [number, *frame.ravel()])) + ','
        for number, frame in enumerate(values, 1)
    ]
    content = '\n'.join(lines).encode()
    return Member(f'sbu/{place}/skeleton_pos.txt', content)


def test_both_persons_come_in_metres():
    values = np.zeros((3, 2, 15, 3))
    values[:, 0] = 0.5, 0.5, 2.0
    values[1, 1, 4] = 0.25, 0.75, 1.5
    data, skipped = convert_sbu([member(values)])
    (annotation,) = data['annotations']
    assert not skipped and annotation['frame_dir'] == 's01s02_05_003'
    assert annotation['label'] == 4 and annotation['total_frames'] == 3
    assert annotation['keypoint'].shape == (2, 3, 15, 3)
    np.testing.assert_allclose(
        annotation['keypoint'][0, 2, 9], [0, 0, 2.56], atol=1e-6
    )
    np.testing.assert_allclose(
        annotation['keypoint'][1, 1, 4], [0.64, -0.48, 1.92], rtol=1e-6
    )


def test_each_pair_is_tested_once():
    pairs = [pair for fold in FOLDS for pair in fold]
    assert len(pairs) == len(set(pairs)) == 21
    data = convert_sbu([member(place=f'{p}/01/001') for p in pairs]).data
    assert len(CLASSES) == 8 and len(data['annotations']) == 21
    for number, fold in enumerate(FOLDS, 1):
        names = [f'{pair}_01_001' for pair in fold]
        assert data['split'][f'fold{number}_val'] == sorted(names)
        assert len(data['split'][f'fold{number}_train']) == 21 - len(fold)


@pytest.mark.parametrize(
    'file, reason',
    [
        (Member('sbu/x.txt', b''), 'bad name'),
        (member(place='s01s05/01/001'), 'pair s01s05'),
        (member(place='s01s02/09/001'), 'action 9'),
        (Member('s01s02/01/001/skeleton_pos.txt', b'\n'), 'no frames'),
        (Member('s01s02/01/001/skeleton_pos.txt', b'1,a'), 'hold text'),
        (Member('s01s02/01/001/skeleton_pos.txt', b'1,2'), 'expected 91'),
        (Member('s01s02/01/001/skeleton_pos.txt', None, 'torn'), 'torn'),
    ],
)
def test_what_cannot_be_read_is_named(file, reason):
    data, skipped = convert_sbu([file])
    assert not data['annotations']
    ((name, text),) = skipped
    assert name == file.name and reason in text


@pytest.mark.real_data
def test_the_real_set(shared_dir):
    reader = MemberReader(shared_dir / 'data' / 'sbu_kinect.tar.xz')
    data, skipped = convert_sbu(reader)
    reader.close()
    assert not skipped and len(data['annotations']) == 282
    sizes = np.bincount([a['label'] for a in data['annotations']])
    assert sizes.min() == 18 and sizes.max() == 43
    tested = [n for f in range(1, 6) for n in data['split'][f'fold{f}_val']]
    assert sorted(tested) == [a['frame_dir'] for a in data['annotations']]
    # Both bodies are upright and of the size of people.
    layout = get_layout('sbu')
    poses = np.concatenate([a['keypoint'][:, 0] for a in data['annotations']])
    at = {name: i for i, name in enumerate(layout.joint_names)}
    head, foot = (poses[:, at[n], 1] for n in ('head', 'left_foot'))
    assert 1.0 < np.median(head - foot) < 1.9
    child, parent = np.array(layout.bones).T
    length = np.linalg.norm(poses[:, child] - poses[:, parent], axis=-1)
    assert 0.1 < np.median(length, 0).min() < np.median(length, 0).max() < 0.7
