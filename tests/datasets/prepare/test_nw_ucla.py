"""The NW-UCLA conversion: what is kept, and why the rest is not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from shapmix_mm.datasets.prepare.archives import Member
from shapmix_mm.datasets.prepare.nw_ucla import ACTIONS, convert_nw_ucla

NAME = 'a05_s01_e00_v01'


def record(frames=3, **changes):
    skeletons = np.arange(1, frames * 60 + 1).reshape(frames, 20, 3) / 8
    return {'skeletons': skeletons.tolist(), **changes}


def member(content=None, name=f'all_sqe/{NAME}.json'):
    content = record() if content is None else content
    return Member(name, json.dumps(content).encode())


def test_the_class_of_each_action_number():
    members = [member(name=f'a{n:02d}_s01_e00_v01.json') for n in ACTIONS]
    data = convert_nw_ucla(members).data
    found = {a['frame_dir'][:3]: a['label'] for a in data['annotations']}
    assert found == {
        'a01': 0,
        'a02': 1,
        'a03': 2,
        'a04': 3,
        'a05': 4,
        'a06': 5,
        'a08': 6,
        'a09': 7,
        'a11': 8,
        'a12': 9,
    }
    assert data['classes'] == [
        'pick up with one hand',
        'pick up with two hands',
        'drop trash',
        'walk around',
        'sit down',
        'stand up',
        'donning',
        'doffing',
        'throw',
        'carry',
    ]


def test_an_annotation_is_as_mmaction2_wants_it():
    data, skipped = convert_nw_ucla([member()])
    (annotation,) = data['annotations']
    assert not skipped and set(annotation) == {
        'frame_dir',
        'label',
        'total_frames',
        'keypoint',
        'subject',
        'view',
    }
    assert annotation['frame_dir'] == NAME
    assert annotation['total_frames'] == 3
    assert annotation['keypoint'].dtype == np.float32
    want = np.arange(1, 181).reshape(1, 3, 20, 3) / 8
    np.testing.assert_array_equal(annotation['keypoint'], want)


def test_views_make_the_splits_and_names_the_order():
    names = [f'a01_s0{s}_e00_v0{v}' for v in (3, 2, 1) for s in (2, 1)]
    data = convert_nw_ucla([member(name=f'{n}.json') for n in names]).data
    split = data['split']
    assert dict(train=split['train'], test=split['test']) == dict(
        train=[
            'a01_s01_e00_v01',
            'a01_s01_e00_v02',
            'a01_s02_e00_v01',
            'a01_s02_e00_v02',
        ],
        test=['a01_s01_e00_v03', 'a01_s02_e00_v03'],
    )
    assert [a['frame_dir'] for a in data['annotations']] == sorted(names)


def test_each_subject_is_tested_once_by_all_views():
    names = [
        f'a01_s{s:02d}_e00_v0{v}.json' for v in (1, 2, 3) for s in range(1, 11)
    ]
    data = convert_nw_ucla([member(name=name) for name in names]).data
    for fold in range(1, 11):
        held = data['split'][f'fold{fold}_val']
        assert [n[4:] for n in held] == [
            f's{fold:02d}_e00_v0{v}' for v in (1, 2, 3)
        ]
        rest = data['split'][f'fold{fold}_train']
        assert sorted(held + rest) == sorted(n[:-5] for n in names)


def with_value(value):
    content = record()
    content['skeletons'][1][2][0] = value
    return content


DEEP = b'[' * 200000


@pytest.mark.parametrize(
    'bad, reason',
    [
        (member(name='README.json'), 'bad name: expected'),
        (member(name=f'{NAME}.txt'), 'bad name: expected'),
        (member(name=f'._{NAME}.json'), 'bad name: expected'),
        (member(name=f'{NAME}x.json'), 'bad name: expected'),
        (member(name='a٠1_s01_e00_v01.json'), 'bad name: expected'),
        (member(name='a07_s01_e00_v01.json'), 'action 7'),
        (member(name='a01_s01_e00_v04.json'), 'view 4'),
        (member(name='a01_s11_e00_v01.json'), 'subject 11'),
        (Member(f'{NAME}.json', None, 'larger than 64 MiB'), 'larger than'),
        (Member(f'{NAME}.json', b'{"skeletons": [['), 'unreadable JSON'),
        (Member(f'{NAME}.json', b'\xff\xfe\x00'), 'unreadable JSON'),
        (Member(f'{NAME}.json', b''), 'unreadable JSON'),
        (Member(f'{NAME}.json', DEEP), 'unreadable JSON'),
        (member([1, 2]), "no object with 'skeletons'"),
        (member(dict(poses=[])), "no object with 'skeletons'"),
        (member(dict(skeletons=[])), 'empty: no frames'),
        (
            member(dict(skeletons=np.zeros((2, 20, 3)).tolist())),
            'all coordinates',
        ),
        (
            member(dict(skeletons=np.ones((2, 25, 3)).tolist())),
            r'wrong joint count.*\(2, 25, 3\)',
        ),
        (
            member(dict(skeletons=np.ones((20, 3)).tolist())),
            'wrong joint count',
        ),
        (
            member(dict(skeletons=[[[1, 2, 3]] * 20, [[1, 2, 3]] * 19])),
            'differ',
        ),
        (member(dict(skeletons={'a': 1})), 'no T x 20 x 3'),
        (member(with_value('left')), 'text'),
        (member(with_value(float('nan'))), 'not finite'),
        (member(with_value(float('inf'))), 'not finite'),
        (member(with_value(None)), 'not finite'),
        (member(with_value(1e300)), 'not finite'),
        (member(with_value(10**400)), 'no T x 20 x 3'),
        (member(record(num_frames=4)), 'num_frames is 4.*3 frames'),
        (member(record(length='3')), "length is '3'"),
        (member(record(label=4)), 'label is 4.* 5'),
        (member(record(file_name='a06_s01_e00_v01')), 'file_name'),
    ],
)
def test_bad_files_are_skipped_with_the_reason(bad, reason):
    good = member(name='a06_s01_e00_v03.json')
    data, skipped = convert_nw_ucla([bad, good])
    assert [a['frame_dir'] for a in data['annotations']] == ['a06_s01_e00_v03']
    ((name, told),) = skipped
    assert name == bad.name
    with pytest.raises(ValueError, match=reason):
        raise ValueError(told)


def test_agreeing_fields_are_welcome():
    fields = record(num_frames=3, total_frames=3, label=5, file_name=NAME)
    assert not convert_nw_ucla([member(fields)]).skipped


def test_the_second_file_of_a_name_is_skipped():
    data, skipped = convert_nw_ucla(
        [member(), member(record(5), name=f'copy/{NAME}.json')]
    )
    assert data['annotations'][0]['total_frames'] == 3
    assert skipped == [
        (f'copy/{NAME}.json', f'another file is named {NAME} too')
    ]


def test_hostile_names_leave_only_the_file_name(tmp_path):
    names = [f'../../etc/{NAME}.json', f'..\\..\\{NAME[:-1]}2.json']
    data = convert_nw_ucla([member(name=name) for name in names]).data
    assert [a['frame_dir'] for a in data['annotations']] == [
        NAME,
        f'{NAME[:-1]}2',
    ]
