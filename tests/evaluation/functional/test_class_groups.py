"""Groups by training count, at their borders and on published profiles."""

import numpy as np
import pytest

from shapmix_mm.evaluation import check_class_counts, class_groups


def test_borders_belong_to_medium():
    groups = class_groups([101, 100, 99, 21, 20, 19, 0])
    assert groups.tolist() == ['many'] + ['medium'] * 4 + ['few'] * 2


@pytest.mark.parametrize(
    'classes, n_max, ratio, expected',
    [
        (60, 600, 100, (23, 21, 16)),
        (120, 600, 100, (47, 41, 32)),
        (120, 600, 50, (55, 49, 16)),
        (120, 600, 10, (93, 27, 0)),
        (120, 400, 100, (36, 42, 42)),
    ],
)
def test_published_group_sizes(classes, n_max, ratio, expected):
    counts = [
        int(n_max * (1 / ratio) ** (k / (classes - 1))) for k in range(classes)
    ]
    groups = class_groups(counts)
    sizes = tuple((groups == g).sum() for g in ('many', 'medium', 'few'))
    assert sizes == expected


def test_equal_thresholds_leave_one_medium_count():
    groups = class_groups([51, 50, 49], many=50, few=50)
    assert groups.tolist() == ['many', 'medium', 'few']


@pytest.mark.parametrize('many, few', [(20, 100), (10, -1), (np.nan, 5)])
def test_bad_thresholds(many, few):
    with pytest.raises(ValueError, match='few <= many'):
        class_groups([1, 2], many=many, few=few)


@pytest.mark.parametrize(
    'counts, words',
    [
        ([], 'one number per class'),
        ([[1, 2]], 'one number per class'),
        ([1, -2], r'class_counts\[1\]'),
        ([1, 2, np.nan], r'class_counts\[2\]'),
    ],
)
def test_bad_counts(counts, words):
    with pytest.raises(ValueError, match=words):
        check_class_counts(counts)


def test_counts_of_another_number_of_classes():
    with pytest.raises(ValueError, match='3 classes where the scores have 4'):
        check_class_counts([1, 2, 3], 4)


def test_counts_are_copied():
    counts = np.array([1.0, 2.0])
    check_class_counts(counts)[0] = 9
    assert counts[0] == 1
