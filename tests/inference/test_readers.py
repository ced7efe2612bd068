"""Clips of every kind of file, against values written by hand."""

import io
import json
import pickle
import time

import numpy as np
import pytest
from mmaction.datasets.transforms import PreNormalize2D

from shapmix_mm.datasets.cache.builder import build_cache
from shapmix_mm.inference import ClipError
from shapmix_mm.inference.readers import find_files, read_clips
from shapmix_mm.skeletons import get_layout

BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Knee
  {
    OFFSET 0 -2 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT Foot
    {
      OFFSET 0 -1 0
      CHANNELS 3 Zrotation Xrotation Yrotation
      End Site
      {
        OFFSET 0 -0.5 0
      }
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.02
1 2 3 0 0 0 0 0 0 0 0 0
1 2 3 90 0 0 0 90 0 0 0 0
"""


def test_arrays(tmp_path):
    pose = np.arange(2 * 3 * 4 * 3, dtype=float).reshape(2, 3, 4, 3)
    np.save(tmp_path / 'one.npy', pose)
    np.save(tmp_path / 'many.npy', np.stack((pose, pose + 1)))
    np.savez(tmp_path / 'named.npz', walk=pose[0], flat=pose[..., :2])
    (one,) = read_clips(tmp_path / 'one.npy')
    np.testing.assert_array_equal(one.keypoint, pose)
    assert one.name == 'one' and one.annotation['total_frames'] == 3
    many = read_clips(tmp_path / 'many.npy')
    np.testing.assert_array_equal(many[1].keypoint, pose + 1)
    walk, flat = read_clips(tmp_path / 'named.npz', img_shape=(480, 640))
    assert walk.keypoint.shape == (1, 3, 4, 3)
    assert flat.annotation['keypoint_score'].tolist()[0][0] == [1, 1, 1, 1]
    assert flat.annotation['img_shape'] == (480, 640)
    (only,) = read_clips(tmp_path / 'named.npz', ['flat'])
    assert only.name == 'flat'


def test_annotation_files_need_no_label(tmp_path):
    pose = np.ones((1, 3, 4, 3), np.float32)
    content = dict(
        split={}, annotations=[dict(frame_dir='a', keypoint=pose, label=3),
                               dict(frame_dir='b', keypoint=pose)],
    )  # fmt: skip
    path = tmp_path / 'two.pkl'
    path.write_bytes(pickle.dumps(content))
    assert [clip.name for clip in read_clips(path)] == ['a', 'b']
    (file, names), = find_files(f'{path}:b')  # fmt: skip
    (clip,) = read_clips(file, names)
    assert clip.name == 'b' and clip.annotation['total_frames'] == 3
    with pytest.raises(ClipError, match='has no clip c'):
        read_clips(path, ['c'])


def test_pixels_in_whole_numbers_become_fractions(tmp_path):
    pose = np.full((1, 3, 4, 2), 300, np.uint16)
    path = tmp_path / 'one.pkl'
    path.write_bytes(pickle.dumps(dict(keypoint=pose)))
    (clip,) = read_clips(path)
    assert clip.keypoint.dtype == np.float32 and (clip.keypoint == 300).all()


def test_one_annotation_a_cache_and_pixels_of_an_image(tmp_path):
    pose = np.ones((1, 3, 4, 2), np.float32)
    sample = dict(frame_dir='a', label=0, total_frames=3, keypoint=pose)
    (tmp_path / 'one.pkl').write_bytes(pickle.dumps(sample))
    (clip,) = read_clips(tmp_path / 'one.pkl', img_shape=(480, 640))
    assert clip.annotation['img_shape'] == (480, 640)
    whole = dict(
        split=dict(train=['a'], test=['b']),
        annotations=[sample, {**sample, 'frame_dir': 'b'}],
    )
    (tmp_path / 'whole.pkl').write_bytes(pickle.dumps(whole))
    build_cache(tmp_path / 'whole.pkl', tmp_path / 'whole.cache')
    cached = read_clips(tmp_path / 'whole.cache')
    assert [clip.name for clip in cached] == ['a', 'b']
    np.testing.assert_array_equal(cached[1].keypoint, pose)
    # The pipeline would normalise once more what a cache has normalised.
    build_cache(
        tmp_path / 'whole.pkl',
        tmp_path / 'done.cache',
        transforms=[PreNormalize2D(img_shape=(480, 640))],
    )
    with pytest.raises(ClipError, match=r'PreNormalize2D.*whole\.pkl'):
        read_clips(tmp_path / 'done.cache')


def test_the_test_part_of_ctr_gcns_file(tmp_path):
    """Two bodies of 25 joints side by side, frames padded by zeros."""
    x = np.zeros((2, 6, 150), np.float32)
    x[0, :4, :75], x[1, :2] = 1, 2
    labels = np.eye(60)[[3, 4]]
    path = tmp_path / 'CS.npz'
    np.savez(path, x_train=x, y_train=labels, x_test=x[::-1], y_test=labels)
    first, second = [c for c in read_clips(path) if 'test' in c.name]
    assert (first.name, second.name) == ('test_000000', 'test_000001')
    np.testing.assert_array_equal(first.keypoint, np.full((2, 2, 25, 3), 2))
    np.testing.assert_array_equal(second.keypoint, np.full((1, 4, 25, 3), 1))


def stored(save, content):
    stream = io.BytesIO()
    save(stream, content)
    return stream.getvalue()


def test_a_table_with_joints_in_its_header(tmp_path):
    path = tmp_path / 'wide.csv'
    path.write_text(
        'time,Head_x,Head_y,Head_z,hand.X,hand.Y,hand.Z\n'
        '0.0,1,2,3,4,5,6\n0.04,7,8,9,,,\n'
    )
    (clip,) = read_clips(path)
    assert clip.keypoint.tolist() == [
        [[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [0, 0, 0]]]
    ]
    assert clip.joint_names == ('Head', 'hand')
    assert clip.rate == pytest.approx(25)


def test_a_joint_lacks_all_coordinates_where_it_lacks_one(tmp_path):
    path = tmp_path / 'wide.csv'
    path.write_text('h_x,h_y,h_z,g_x,g_y,g_z\n1,,3,nan,5,6\n1,2,3,4,5,6\n')
    (clip,) = read_clips(path)
    assert clip.keypoint.tolist() == [
        [[[0, 0, 0], [0, 0, 0]], [[1, 2, 3], [4, 5, 6]]]
    ]


def test_scores_of_a_wide_table(tmp_path):
    path = tmp_path / 'wide.csv'
    path.write_text(
        'h_x,h_y,h_score,G.X,G.Y,G.Score,total_score\n'
        '1,2,0.25,3,4,0.5,9\n5,6,0.75,,,,9\n'
    )
    (clip,) = read_clips(path)
    assert clip.keypoint.tolist() == [[[[1, 2], [3, 4]], [[5, 6], [0, 0]]]]
    scores = clip.annotation['keypoint_score']
    assert scores.tolist() == [[[0.25, 0.5], [0.75, 0]]]
    assert clip.joint_names == ('h', 'G')


def test_a_table_with_a_row_for_each_joint_and_two_persons(tmp_path):
    path = tmp_path / 'long.csv'
    path.write_text(
        'frame,person,joint,x,y\n0,a,foot,1,2\n0,a,head,3,4\n1,b,foot,5,6\n'
    )
    (clip,) = read_clips(path)
    assert clip.joint_names == ('foot', 'head') and clip.name == 'long'
    assert clip.keypoint.tolist() == [
        [[[1, 2], [3, 4]], [[0, 0], [0, 0]]],
        [[[0, 0], [0, 0]], [[5, 6], [0, 0]]],
    ]


def test_a_table_with_a_row_for_each_person(tmp_path):
    """A person who is not seen in a frame is zero in it."""
    path = tmp_path / 'pair.csv'
    path.write_text(
        'frame,person,h_x,h_y,h_z,g_x,g_y,g_z\n'
        '1,A,1,2,3,4,5,6\n1,B,7,8,9,10,11,12\n2,A,0,1,0,2,0,3\n'
    )
    (clip,) = read_clips(path)
    assert clip.keypoint.shape == (2, 2, 2, 3)
    assert clip.keypoint[1, 0].tolist() == [[7, 8, 9], [10, 11, 12]]
    assert clip.keypoint[0, 1].tolist() == [[0, 1, 0], [2, 0, 3]]
    assert not clip.keypoint[1, 1].any()
    path.write_text('person,h_x,h_y\nA,1,2\n')
    with pytest.raises(ClipError, match="'person', but none 'frame'"):
        read_clips(path)


def test_a_table_of_an_hour_is_read_in_seconds(tmp_path):
    """With a search for each row it took a minute."""
    path, began = tmp_path / 'hour.csv', time.process_time()
    for header, cells in (
        ('frame,person,joint,x,y', '{},A,0,1,2'),
        ('frame,person,h_x,h_y', '{},A,1,2'),
    ):
        rows = map(cells.format, range(60000, 0, -1))
        path.write_text('\n'.join([header, *rows]))
        (clip,) = read_clips(path)
        assert clip.keypoint.shape == (1, 60000, 1, 2)
    assert time.process_time() - began < 8


def test_a_bvh_file_by_forward_kinematics(tmp_path):
    pytest.importorskip('pybvh')
    path = tmp_path / 'leg.bvh'
    path.write_text(BVH)
    (clip,) = read_clips(path)
    assert clip.joint_names == ('Hips', 'Knee', 'Foot')
    assert clip.rate == pytest.approx(50)
    # By hand: the hip turns the leg from -y to +x; the knee then turns the
    # shank about its own x axis, from the leg's -y to the world's -z.
    np.testing.assert_allclose(
        clip.keypoint[0],
        [[[1, 2, 3], [1, 0, 3], [1, -1, 3]],
         [[1, 2, 3], [3, 2, 3], [3, 2, 2]]],
        atol=1e-6,
    )  # fmt: skip


def test_nw_ucla_and_msrc12_recordings_name_kinects_joints(tmp_path):
    frames = np.arange(2 * 60.0).reshape(2, 20, 3)
    path = tmp_path / 'any name.json'
    path.write_text(json.dumps(dict(skeletons=frames.tolist())))
    (clip,) = read_clips(path)
    np.testing.assert_array_equal(clip.keypoint[0], frames)
    assert clip.joint_names == get_layout('nw-ucla').joint_names
    rows = [
        [str(40000 * number)]
        + [f'{v} {v + 0.1} {v + 0.2} 2' for v in range(20)]
        for number in range(3)
    ]
    path = tmp_path / 'P1_1_1_p06.csv'
    path.write_text('\n'.join(map(' '.join, rows)))
    (clip,) = read_clips(path)
    assert clip.keypoint.shape == (1, 3, 20, 3) and clip.rate == 25
    np.testing.assert_allclose(clip.keypoint[0, 2, 7], [7, 7.1, 7.2])


def test_an_ntu_file_is_read_as_the_preparation_does(tmp_path):
    joint = ' '.join(['0.5', '1.5', '2.5', *['0'] * 9])
    body = '\n'.join([' '.join(['7', *['0'] * 9]), '25', *[joint] * 25])
    path = tmp_path / 'S001.skeleton'
    path.write_text('\n'.join(['2', *[f'1\n{body}'] * 2]) + '\n')
    (clip,) = read_clips(path)
    assert clip.keypoint.shape == (1, 2, 25, 3)
    assert clip.keypoint[0, 1, 4].tolist() == [0.5, 1.5, 2.5]
    assert clip.joint_names == get_layout('nturgb+d').joint_names


class Hostile:
    def __reduce__(self):
        import os

        return os.system, ('echo taken',)


@pytest.mark.parametrize(
    'name, content, text',
    [
        ('a.npy', b'no array', 'is no .npy of numbers'),
        ('a.npz', b'PK no zip', 'is no .npz of numbers'),
        ('a.skeleton', b'{"a": 1}', 'not a number'),
        ('a.json', b'0 1 2', 'unreadable JSON'),
        ('a.json', b'[0]', 'no object with .skeletons'),
        ('a.bvh', b'HIERARCHY nonsense', 'is no BVH file'),
        ('a.csv', b'\xff\xfe\x00\x01', 'is no table of text'),
        ('a.csv', b'a,b\n1,2\n', 'has no header of joints'),
        ('a.csv', b'h_x,h_y\n1,2\n1\n', 'line 3 has 1 cells'),
        ('a.csv', b'h_x,h_y\n1,up\n', "line 2: 'up' is no number"),
        ('a.csv', b'frame,h_x,h_y\n3,1,2\n3,1,2\n', 'has frame 3 twice'),
        (
            'a.csv',
            b'frame,person,h_x,h_y\n3,B,1,2\n3,A,1,2\n3,B,1,2\n',
            "has frame 3 of person 'B' twice",
        ),
        (
            'a.csv',
            b'frame,joint,x,y\n3,0,1,2\n3,0,1,2\n',
            "clip 'a' of .*a.csv has joint '0' twice in frame 3",
        ),
        ('a.csv', b'h_x,h_y,g_x,g_y,g_score\n1,2,3,4,5\n', 'all or none'),
        ('a.csv', b'frame,h_x,h_y\n0.5,1,2\n', 'frame 0.5, which is no whole'),
        ('a.csv', b'h_y,h_z\n1,2\n', 'expected x and y, or x'),
        ('a.csv', b'h_x,h_y,g_x\n1,2,3\n', "joint 'g' has the columns"),
        ('a.pkl', b'', 'is empty'),
        ('a.pkl', b'text', 'is not a pickle'),
        ('a.pkl', pickle.dumps(dict(data=1)), "lacks the key 'annotations'"),
        ('a.pkl', pickle.dumps([dict(label=1)]), "lacks the key 'keypoint'"),
        ('a.pkl', pickle.dumps(Hostile()), 'nothing of it was run'),
        ('a.pkl', pickle.dumps([]), 'holds no clip'),
        ('a.pkl', pickle.dumps('text'), 'expected a list .* found a str'),
        ('a.pkl', pickle.dumps([3]), 'annotation 0 is a int, expected a dict'),
        ('a.npy', stored(np.savez, np.ones(3)), 'is it an .npz'),
        ('a.npz', stored(np.save, np.ones(3)), 'is it an .npy'),
        ('a.skeleton', b'1\n0\n', 'shows no person'),
        ('a.txt', b'', "unknown kind of file '.txt'"),
    ],
)
def test_a_bad_file_is_named_in_one_line(tmp_path, capfd, name, content, text):
    if name.endswith('bvh'):
        pytest.importorskip('pybvh')
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ClipError, match=text) as caught:
        read_clips(path)
    assert str(path) in str(caught.value) and '\n' not in str(caught.value)
    assert 'taken' not in capfd.readouterr().out


def test_a_folder_is_searched(tmp_path):
    (tmp_path / 'deep').mkdir()
    for name in ('b.npy', 'deep/a.csv', 'note.txt'):
        (tmp_path / name).write_text('')
    found = [path.name for path, _ in find_files(tmp_path)]
    assert found == ['b.npy', 'a.csv']
    with pytest.raises(ClipError, match='no such file or folder'):
        find_files(tmp_path / 'none')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ClipError, match='no file of a known kind'):
        find_files(tmp_path / 'empty')
