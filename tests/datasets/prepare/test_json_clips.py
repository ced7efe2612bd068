"""OpenPose, MMPose and Kinetics JSON: the poses that were written."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from shapmix_mm.datasets.prepare.archives import Member
from shapmix_mm.datasets.prepare.json_clips import convert_json, read_labels

RNG = np.random.default_rng(0)
# Two frames of two persons, one frame of one: x, y and score of 18 joints.
POSES = [RNG.uniform(1, 9, (n, 18, 3)).round(2) for n in (2, 2, 1)]


def member(name, content):
    return Member(name, json.dumps(content).encode())


def openpose(clip='wave'):
    return [
        member(
            f'out/{clip}/{clip}_{frame:012d}_keypoints.json',
            dict(
                version=1.3,
                people=[dict(pose_keypoints_2d=p.ravel().tolist()) for p in f],
            ),
        )
        for frame, f in enumerate(POSES)
    ]


def mmpose(clip='wave', wrapped=False):
    frames = [
        dict(
            frame_id=frame,
            instances=[
                dict(
                    keypoints=p[:, :2].tolist(),
                    keypoint_scores=p[:, 2].tolist(),
                    bbox=[[0, 0, 1, 1]],
                )
                for p in f
            ],
        )
        for frame, f in enumerate(POSES)
    ]
    content = dict(meta_info={}, instance_info=frames) if wrapped else frames
    return [member(f'predictions/{clip}.json', content)]


def kinetics(clip='wave', label=2):
    frames = [
        dict(
            frame_index=frame + 1,
            skeleton=[
                dict(pose=p[:, :2].ravel().tolist(), score=p[:, 2].tolist())
                for p in f
            ],
        )
        for frame, f in enumerate(POSES)
    ]
    content = dict(data=frames, label='waving', label_index=label)
    return [member(f'{clip}.json', content)]


@pytest.fixture
def labels(tmp_path):
    path = tmp_path / 'labels.csv'
    path.write_text(
        'name,label,split\nwave,waving,my_train\nsit,sitting,my_val\n'
    )
    return read_labels(path)


@pytest.mark.parametrize(
    'files', [openpose(), mmpose(), mmpose(wrapped=True), kinetics()]
)
def test_each_form_gives_the_poses(files, labels):
    data, skipped = convert_json(files, labels, (480, 640))
    assert skipped == []
    (annotation,) = data['annotations']
    assert annotation['frame_dir'] == 'wave' and annotation['label'] == 1
    assert data['split'] == dict(my_train=['wave'], my_val=[])
    assert data['classes'] == ['sitting', 'waving']
    assert annotation['total_frames'] == 3
    for frame, poses in enumerate(POSES):
        for person, pose in enumerate(poses):
            np.testing.assert_allclose(
                annotation['keypoint'][person, frame], pose[:, :2], rtol=1e-3
            )
            np.testing.assert_allclose(
                annotation['keypoint_score'][person, frame],
                pose[:, 2],
                rtol=1e-3,
            )
    assert not annotation['keypoint'][1, 2].any()


def test_kinetics_has_labels_of_its_own():
    data = convert_json(kinetics() + kinetics('other', 0), None, (9, 9)).data
    assert [a['label'] for a in data['annotations']] == [0, 2]
    assert data['classes'] == ['waving', '1', 'waving']
    assert data['split'] == {}
    assert {a['img_shape'] for a in data['annotations']} == {(1, 1)}


def test_pixels_have_the_size_of_their_image(labels):
    for files in (openpose(), mmpose()):
        (clip,) = convert_json(files, labels, (480, 640)).data['annotations']
        assert clip['img_shape'] == clip['original_shape'] == (480, 640)
        data, skipped = convert_json(files, labels)
        assert not data['annotations']
        assert '--img-shape HEIGHT WIDTH' in skipped[0][1]


def renamed(files, old, new):
    return [f._replace(name=f.name.replace(old, new)) for f in files]


def test_frames_of_one_prefix_are_clips_by_their_folders(labels):
    both = renamed(openpose(), 'wave_', 'img_')
    both += renamed(openpose('sit'), 'sit_', 'img_')
    data, skipped = convert_json(both, labels, (9, 9))
    assert skipped == []
    assert [a['frame_dir'] for a in data['annotations']] == ['sit', 'wave']
    assert {a['total_frames'] for a in data['annotations']} == {3}


@pytest.mark.parametrize('files', [openpose(), mmpose()])
def test_folders_do_not_make_two_clips_of_a_name(files, labels):
    twice = files + [f._replace(name=f'2/{f.name}') for f in files]
    data, skipped = convert_json(twice, labels, (9, 9))
    assert data['annotations'] == []
    assert {why for _, why in skipped} == {'another clip is named wave too'}


def test_numbers_as_labels(tmp_path):
    path = tmp_path / 'l.csv'
    path.write_text('name,label\nwave,3\nsit,0\n')
    found = read_labels(path)
    assert found.numbers == dict(wave=3, sit=0) and len(found.classes) == 4
    assert convert_json(openpose(), found, (9, 9)).data['split'] == {}
    path.write_text('name,label\nwave,2\nsit,1\n')
    with pytest.raises(ValueError, match='numbers 1 to 2, but .* begin at 0'):
        read_labels(path)


@pytest.mark.parametrize(
    'file, reason',
    [
        (Member('a.txt', b''), 'bad name'),
        (Member('a.json', None, 'too large'), 'too large'),
        (Member('a.json', b'{'), 'unreadable.*JSONDecodeError'),
        (Member('a.json', b'[' * 100000), 'unreadable.*RecursionError'),
        (member('a.json', 3), 'unreadable.*TypeError'),
        (member('a.json', dict(a=1)), 'unreadable.*KeyError'),
        (member('a.json', dict(people=[])), '^bad name: no number of a frame'),
        (member('wave.json', dict(data=[])), 'no person'),
        (member('nameless.json', ['a']), 'unreadable'),
        (mmpose('unlisted')[0], 'no label'),
    ],
)
def test_what_is_skipped_has_a_reason(file, reason, labels):
    data, skipped = convert_json([file], labels, (480, 640))
    assert data['annotations'] == []
    ((name, told),) = skipped
    assert name == file.name
    assert re.search(reason, told)


@pytest.mark.parametrize('files', [mmpose(), mmpose(wrapped=True), kinetics()])
def test_a_file_with_a_frame_twice_is_skipped(files, labels):
    """Which of the two poses is meant cannot be told."""
    (whole,) = files
    text = whole.content.decode()
    for key in ('frame_id', 'frame_index'):
        text = text.replace(f'"{key}": 2', f'"{key}": 1')
    again = Member(whole.name, text.encode())
    assert again != whole
    data, skipped = convert_json([again, *openpose('sit')], labels, (480, 640))
    assert [clip['frame_dir'] for clip in data['annotations']] == ['sit']
    assert skipped == [(whole.name, 'frame 1 is there 2 times')]


def test_two_files_of_one_frame(labels):
    """Of another camera, say: the first stays, and the second is told."""
    first, *others = openpose()
    again = Member(first.name.replace('_0000', '_00'), others[-1].content)
    told = [(again.name, 'frame 0 is in another file too')]
    data, skipped = convert_json([first, *others, again], labels, (480, 640))
    alone, nothing = convert_json([first, *others], labels, (480, 640))
    assert (skipped, nothing) == (told, [])
    np.testing.assert_equal(data, alone)


def test_a_clip_with_two_labels_is_refused(tmp_path):
    path = tmp_path / 'labels.csv'
    path.write_text('name,label\na,0\nb,1\na,0\n')
    assert read_labels(path).numbers == dict(a=0, b=1)
    path.write_text('name,label\na,0\nb,1\na,1\n')
    with pytest.raises(ValueError, match="labels.csv has the clip 'a' twice"):
        read_labels(path)


@pytest.mark.parametrize('text', ['', 'a,b\n1,2\n', 'name,label\n'])
def test_tables_of_another_kind(tmp_path, text):
    path = tmp_path / 'labels.csv'
    path.write_text(text)
    with pytest.raises(ValueError, match='needs a first line name,label'):
        read_labels(path)
