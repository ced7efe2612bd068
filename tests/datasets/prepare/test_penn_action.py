"""Penn Action: what is seen stays, what is not is filled in."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from shapmix_mm.datasets.prepare.archives import Member, MemberReader
from shapmix_mm.datasets.prepare.penn_action import (
    CLASSES,
    convert_penn_action,
    fill_unseen,
)


def member(name='0007', train=1, action='squat', **changes):
    rng = np.random.default_rng(0)
    variables = dict(
        x=rng.uniform(1, 480, (6, 13)),
        y=rng.uniform(1, 360, (6, 13)),
        visibility=np.ones((6, 13), dtype=np.uint8),
        action=action,
        train=train,
        dimensions=np.array([[360, 480, 6]], dtype=np.uint16),
    )
    stream = io.BytesIO()
    savemat(stream, {**variables, **changes})
    return Member(f'Penn_Action/labels/{name}.mat', stream.getvalue())


def test_an_annotation_is_as_mmaction2_wants_2d_poses():
    data, skipped = convert_penn_action([member(), member('0008', train=-1)])
    one, _ = data['annotations']
    assert not skipped
    assert set(one) == {
        *('frame_dir', 'label', 'total_frames', 'keypoint'),
        *('keypoint_score', 'img_shape'),
    }
    assert one['keypoint'].shape == (1, 6, 13, 2)
    assert one['keypoint_score'].shape == (1, 6, 13)
    assert one['img_shape'] == (360, 480)
    assert one['label'] == CLASSES.index('squat') and len(CLASSES) == 15
    assert data['split'] == dict(train=['0007'], test=['0008'])


def test_joints_out_of_sight_are_interpolated_in_time():
    joints = np.zeros((5, 13, 2), dtype=np.float32)
    joints[:, :, 0] = np.arange(5)[:, None] * 10
    joints[:, :, 1] = np.arange(13)
    seen = np.ones((5, 13), dtype=bool)
    # The left wrist, joint 5, is at the corner in these frames.
    for frame in (0, 2, 4):
        joints[frame, 5], seen[frame, 5] = 1, False
    filled = fill_unseen(joints, seen)
    assert filled[:, 5].tolist() == [
        *([10, 5], [10, 5], [20, 5], [30, 5], [30, 5])
    ]
    others = np.arange(13) != 5
    np.testing.assert_array_equal(filled[:, others], joints[:, others])


def test_a_joint_that_is_never_seen_stands_by_its_nearest_neighbour():
    joints = np.arange(13, dtype=np.float32)[None, :, None].repeat(2, 2)
    seen = np.ones((1, 13), dtype=bool)
    # Ankle 11 hangs on knee 9, on hip 7, on shoulder 1.
    seen[0, [11, 9]] = False
    filled = fill_unseen(joints, seen)[0, :, 0]
    assert filled[11] == filled[9] == 7
    assert np.delete(filled, [9, 11]).tolist() == [
        *(0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12)
    ]


@pytest.mark.parametrize(
    'file, reason',
    [
        (Member('labels/x.mat', b''), 'bad name'),
        (member(action='fly'), "unknown action 'fly'"),
        (member(x=np.ones((5, 13))), 'differ in shape'),
        (member(visibility=np.zeros((6, 13))), 'no joint is ever seen'),
        (Member('0001.mat', b'x'), 'unreadable MATLAB'),
    ],
)
def test_what_cannot_be_read_is_named(file, reason):
    data, skipped = convert_penn_action([file])
    assert not data['annotations']
    ((name, text),) = skipped
    assert name == file.name and re.search(reason, text)


@pytest.mark.real_data
def test_the_real_set(shared_dir):
    reader = MemberReader(shared_dir / 'data' / 'penn_action_labels.tar.xz')
    members = list(reader)
    reader.close()
    data, skipped = convert_penn_action(members)
    # One clip of the 2,326 has no joint that anybody saw.
    assert skipped == [
        ('penn_action_labels/1516.mat', 'empty: no joint is ever seen')
    ]
    found = {a['frame_dir']: a for a in data['annotations']}
    sizes = {k: len(v) for k, v in data['split'].items()}
    assert len(found) == 2325 and sizes == dict(train=1257, test=1068)
    for raw in members[::97]:
        truth = loadmat(io.BytesIO(raw.content))
        ours = found[raw.name.split('/')[-1][:-4]]
        seen = truth['visibility'].astype(bool)
        for channel, key in enumerate('xy'):
            np.testing.assert_array_equal(
                ours['keypoint'][0, ..., channel][seen],
                truth[key][seen].astype('f4'),
            )
        assert CLASSES[ours['label']] == truth['action'][0]
        height, width = ours['img_shape']
        assert (ours['keypoint'] >= 0).all()
        assert ours['keypoint'][..., 0].max() < 1.1 * width
        assert ours['keypoint'][..., 1].max() < 1.1 * height
