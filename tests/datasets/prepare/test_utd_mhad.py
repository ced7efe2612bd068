"""UTD-MHAD: one file a sequence, its joints in the order of the set."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from shapmix_mm.datasets.prepare.archives import Member, MemberReader
from shapmix_mm.datasets.prepare.utd_mhad import CLASSES, convert_utd_mhad
from shapmix_mm.skeletons import get_layout


def member(name='a03_s5_t2', **variables):
    stream = io.BytesIO()
    savemat(stream, variables)
    return Member(f'Skeleton/{name}_skeleton.mat', stream.getvalue())


def test_frames_come_first_and_one_person():
    skeleton = np.random.default_rng(0).normal(size=(20, 3, 7))
    data, skipped = convert_utd_mhad([member(d_skel=skeleton)])
    (annotation,) = data['annotations']
    assert not skipped and annotation['frame_dir'] == 'a03_s5_t2'
    assert annotation['label'] == 2 and annotation['subject'] == 5
    assert annotation['keypoint'].shape == (1, 7, 20, 3)
    np.testing.assert_array_equal(
        annotation['keypoint'][0, 4, 11], skeleton[11, :, 4].astype('f4')
    )


@pytest.mark.parametrize(
    'file, reason',
    [
        (Member('Skeleton/order.txt', b''), 'bad name'),
        (member('a28_s1_t1'), 'action 28'),
        (member('a1_s9_t1'), 'subject 9'),
        (member(other=np.ones(3)), "lacks \\['d_skel'\\]"),
        (member(d_skel=np.ones((20, 3))), r'shape \(20, 3\)'),
        (member(d_skel=np.ones((25, 3, 4))), 'wrong joint count'),
        (member(d_skel=np.array([{}], dtype=object)), 'no plain arrays'),
        (Member('a1_s1_t1_skeleton.mat', b'MATLAB 5.0'), 'unreadable MATLAB'),
    ],
)
def test_what_cannot_be_read_is_named(file, reason):
    data, skipped = convert_utd_mhad([file])
    assert not data['annotations']
    ((name, text),) = skipped
    assert name == file.name and re.search(reason, text)


@pytest.mark.real_data
def test_the_real_set(shared_dir):
    reader = MemberReader(shared_dir / 'data' / 'utd_mhad_skeleton.tar.xz')
    members = list(reader)
    reader.close()
    data, skipped = convert_utd_mhad(members)
    assert [name.split('/')[-1] for name, _ in skipped] == [
        'Skeleton_joint_order.txt'
    ]
    found = {a['frame_dir']: a for a in data['annotations']}
    assert len(found) == 861 and len(CLASSES) == 27
    sizes = {k: len(v) for k, v in data['split'].items()}
    assert (sizes['xsub_train'], sizes['xsub_val']) == (431, 430)
    tested = [n for f in range(1, 9) for n in data['split'][f'fold{f}_val']]
    assert sorted(tested) == sorted(found)
    for raw in members[1:80:13]:
        if not raw.name.endswith('.mat'):
            continue
        truth = loadmat(io.BytesIO(raw.content))['d_skel']
        action, subject, trial = raw.name.split('/')[-1].split('_')[:3]
        ours = found[f'a{int(action[1:]):02d}_{subject}_{trial}']
        np.testing.assert_array_equal(
            ours['keypoint'][0], np.moveaxis(truth, 2, 0).astype('f4')
        )
        assert ours['label'] == int(action[1:]) - 1


@pytest.mark.real_data
def test_the_joints_of_the_layout_are_where_its_names_say(shared_dir):
    """Heads are up, feet are down, and bones have the length of bones."""
    reader = MemberReader(shared_dir / 'data' / 'utd_mhad_skeleton.tar.xz')
    members = [m for m in reader if '_t1_' in m.name and 'a24' not in m.name]
    reader.close()
    poses = np.stack(
        [
            a['keypoint'][0, 0]
            for a in convert_utd_mhad(members).data['annotations']
        ]
    )
    layout = get_layout('utd-mhad')
    height = poses[:, :, 1].mean(0)
    rank = [layout.joint_names[i] for i in height.argsort()]
    assert rank[-1] == 'head' and rank[-2] == 'shoulder_center'
    assert {name.split('_')[1] for name in rank[:4]} == {'ankle', 'foot'}
    child, parent = np.array(layout.bones).T
    length = np.linalg.norm(poses[:, child] - poses[:, parent], axis=-1)
    assert length.mean(0).max() < 0.55 and length.mean(0).min() > 0.03
    for left, right in layout.pairs:
        assert (poses[:, left, 0].mean() < poses[:, right, 0].mean()) == (
            poses[:, 4, 0].mean() < poses[:, 8, 0].mean()
        )
