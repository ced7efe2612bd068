"""Kinetics-400: kpfiles, two persons, conversion."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from mmaction.datasets import PoseDataset
from mmaction.registry import TRANSFORMS

from shapmix_mm.datasets.prepare.kinetics import (
    PoseConverter,
    find_kpfile,
    read_poses,
    two_persons,
)
from shapmix_mm.datasets.prepare.skipped import UnusableFile

POSES = np.ones((2, 17, 3), dtype=np.float16)
SHAPES = [
    None,
    (),
    5,
    (240,),
    (240, 340, 3),
    (240, 0),
    (-1, 340),
    (240.0, 340.0),
    (True, True),
    ('240', '340'),
    '24',
    {240: 1, 340: 2},
    np.array([240.5, 340.5]),
    np.array(240),
]


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


def entries(path):
    return pickle.loads(path.read_bytes())['annotations']


def test_a_sample_is_what_the_stock_dataset_and_transform_give(small_k400):
    path, folder, _ = small_k400()
    dataset = PoseDataset(
        str(path),
        pipeline=[],
        split='train',
        box_thr=0.6,
        valid_ratio=0.01,
        data_prefix=dict(skeleton=str(folder)),
    )
    stock = TRANSFORMS.build(
        dict(type='DecompressPose', squeeze=True, max_person=2)
    )
    convert = PoseConverter(str(folder), box_thr=0.6)
    assert len(dataset) == 3
    for index, item in enumerate(entries(path)[:3]):
        found = convert(item)
        want = stock(dataset.get_data_info(index))
        for key in ('keypoint', 'keypoint_score'):
            np.testing.assert_array_equal(found[key], want[key])
        for key in ('frame_dir', 'label', 'total_frames', 'img_shape'):
            assert found[key] == want[key]
        assert 'frame_inds' not in found


def test_a_table_keeps_the_entry(small_k400):
    path, folder, _ = small_k400()
    item = entries(path)[0]
    assert PoseConverter(str(folder), form='table')(item) is item


def test_long_videos_can_be_thinned_out(small_k400):
    path, folder, _ = small_k400()
    item = entries(path)[0]
    whole = PoseConverter(str(folder))(item)
    thin = PoseConverter(str(folder), max_frames=3)(item)
    last = whole['total_frames'] - 1
    kept = [0, round(last / 2), last]
    assert thin['total_frames'] == 3
    np.testing.assert_array_equal(thin['keypoint'], whole['keypoint'][:, kept])


def change(item, **fields):
    return {**item, **fields}


@pytest.mark.parametrize(
    'fields, settings, reason',
    [
        (dict(frame_dir='gone'), {}, 'kpfile missing'),
        (dict(box_score=None), {}, 'malformed'),
        (dict(frame_inds=np.zeros(2, int)), {}, 'malformed'),
        (dict(frame_inds=[[1], [1, 2]]), {}, 'malformed'),
        (dict(label='x'), {}, 'malformed'),
        (dict(total_frames=True), {}, 'malformed'),
        ({}, dict(box_thr=1.0), 'no person'),
        (dict(total_frames=1000), dict(valid_ratio=0.5), 'too few poses'),
    ],
)
def test_entries_that_give_no_sample(small_k400, fields, settings, reason):
    path, folder, _ = small_k400()
    item = change(entries(path)[0], **fields)
    with pytest.raises(UnusableFile) as caught:
        PoseConverter(str(folder), **settings)(item)
    assert caught.value.reason == reason


@pytest.mark.parametrize('form', ['poses', 'table'])
@pytest.mark.parametrize('key', ['img_shape', 'original_shape'])
@pytest.mark.parametrize('shape', SHAPES, ids=repr)
def test_shapes_that_are_none(small_k400, shape, key, form):
    path, folder, _ = small_k400(2)
    item = change(entries(path)[0], **{key: shape})
    with pytest.raises(UnusableFile, match=f'{key} is .*no pair') as caught:
        PoseConverter(str(folder), form=form)(item)
    assert caught.value.reason == 'malformed'


@pytest.mark.parametrize(
    'shape', [[240, 340], np.array([240, 340]), (np.int16(240), np.int64(340))]
)
def test_shapes_become_plain_numbers(small_k400, shape):
    path, folder, _ = small_k400(2)
    item = change(entries(path)[0], img_shape=shape)
    found = PoseConverter(str(folder))(item)['img_shape']
    assert found == (240, 340) and [*map(type, found)] == [int, int]


def test_a_shape_need_not_be_there(small_k400):
    path, folder, _ = small_k400(2)
    item = entries(path)[0]
    del item['original_shape']
    assert 'original_shape' not in PoseConverter(str(folder))(item)


@pytest.mark.parametrize('value', [np.nan, np.inf])
@pytest.mark.parametrize('form', ['poses', 'table'])
def test_frames_that_are_no_numbers(small_k400, value, form):
    path, folder, _ = small_k400(2)
    item = entries(path)[0]
    item['frame_inds'] = item['frame_inds'].astype(float)
    assert PoseConverter(str(folder), form=form)(item)
    item['frame_inds'][-1] = value
    with pytest.raises(UnusableFile, match='frame_inds') as caught:
        PoseConverter(str(folder), form=form)(item)
    assert caught.value.reason == 'not finite'


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('value', [1e6, 1e300])
def test_coordinates_too_large_for_half_precision(small_k400, value):
    path, folder, poses_of = small_k400(2)
    poses = poses_of['video0'].astype(float)
    poses[:, 3, 1] = value
    (folder / 'video0.pkl').write_bytes(pickle.dumps(dict(keypoint=poses)))
    with pytest.raises(UnusableFile, match='float16') as caught:
        PoseConverter(str(folder))(entries(path)[0])
    assert caught.value.reason == 'not finite'


def test_not_finite_and_shared(small_k400):
    path, folder, poses_of = small_k400()
    item = entries(path)[0]
    poses = poses_of['video0'].copy()
    poses[:, 3, 1] = np.nan
    (folder / 'video0.pkl').write_bytes(pickle.dumps(dict(keypoint=poses)))
    with pytest.raises(UnusableFile) as caught:
        PoseConverter(str(folder))(item)
    assert caught.value.reason == 'not finite'
    (folder / 'video0.pkl').unlink()
    shared = dict(video0=dict(keypoint=poses_of['video0']))
    (folder / 'all.pkl').write_bytes(pickle.dumps(shared))
    item = change(item, raw_file='all.pkl')
    assert len(PoseConverter(str(folder))(item)['keypoint'])
    with pytest.raises(UnusableFile) as caught:
        PoseConverter(str(folder), form='table')(item)
    assert caught.value.reason == 'shared kpfile'


def test_the_fingerprint_follows_entry_and_kpfile(small_k400):
    path, folder, _ = small_k400()
    convert = PoseConverter(str(folder))
    item, same = entries(path)[0], entries(path)[0]
    before = convert.fingerprint(item)
    assert convert.fingerprint(same) == before
    same['box_score'] = same['box_score'] * 2
    assert convert.fingerprint(same) != before
    (folder / 'video0.pkl').write_bytes(b'other')
    assert convert.fingerprint(item) != before


@pytest.mark.parametrize(
    'settings',
    [
        dict(form='all'),
        dict(box_thr=2),
        dict(valid_ratio=-1),
        dict(max_frames=0),
    ],
)
def test_unknown_settings(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        PoseConverter('x', **settings)
