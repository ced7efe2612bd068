"""What the conversions of small sets share."""

from __future__ import annotations

import numpy as np
import pytest

from shapmix_mm.datasets.prepare.archives import Member
from shapmix_mm.datasets.prepare.conversion import (
    checked_joints,
    collect,
    folds,
    one_by_one,
)


def test_samples_are_ordered_and_the_second_of_a_name_is_left_out():
    def annotate(member):
        name = member.content.decode()
        if name == 'bad':
            raise ValueError('it is bad')
        return dict(frame_dir=name, subject=len(name), file=member.name)

    texts = [b'ccc', b'a', b'bad', b'bb', b'a']
    members = [Member(str(i), text) for i, text in enumerate(texts)]
    members.append(Member('5', None, 'torn'))
    splits = {'odd': lambda a: a['subject'] % 2 == 1}
    data, skipped = collect(one_by_one(members, annotate), splits, ('x', 'y'))
    assert [a['file'] for a in data['annotations']] == ['1', '3', '0']
    assert data['split'] == dict(odd=['a', 'ccc'])
    assert data['classes'] == ['x', 'y']
    assert skipped == [
        ('2', 'it is bad'),
        ('4', 'another file is named a too'),
        ('5', 'torn'),
    ]


def test_each_group_is_tested_once_and_trains_otherwise():
    splits = folds([(1, 2), (3,), (4, 5)])
    assert list(splits) == [
        *('fold1_train', 'fold1_val', 'fold2_train', 'fold2_val'),
        *('fold3_train', 'fold3_val'),
    ]
    for number, group in enumerate([(1, 2), (3,), (4, 5)], 1):
        for subject in range(1, 6):
            sample = dict(subject=subject)
            tests = splits[f'fold{number}_val'](sample)
            assert tests == (subject in group)
            assert splits[f'fold{number}_train'](sample) != tests


@pytest.mark.parametrize(
    'values, match',
    [
        (np.zeros((0, 3, 2)), 'no frames'),
        (np.ones((4, 2, 3)), 'wrong joint count.*(4, 2, 3)'),
        (np.full((4, 3, 2), np.inf), 'not finite'),
        (np.full((4, 3, 2), 1e300), 'not finite'),
        (np.zeros((4, 3, 2)), 'all coordinates are zero'),
    ],
)
def test_joints_that_are_none_are_refused(values, match):
    with pytest.raises(ValueError, match=match):
        checked_joints(values, 3, 2)


def test_joints_come_back_as_float32():
    joints = checked_joints([[[1, 2], [3, 4], [5, 6]]], 3, 2)
    assert joints.dtype == np.float32 and joints.shape == (1, 3, 2)
