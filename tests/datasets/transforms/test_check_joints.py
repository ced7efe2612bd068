"""CheckJoints: what fits passes untouched, what does not is named."""

from __future__ import annotations

import numpy as np
import pytest

from shapmix_mm.datasets.transforms import CheckJoints


def sample(persons=2, joints=25, channels=3):
    return dict(
        frame_dir='S1', keypoint=np.ones((persons, 4, joints, channels))
    )


def test_a_fitting_sample_passes_as_it_is():
    results = sample()
    keypoint = results['keypoint']
    out = CheckJoints('nturgb+d', num_person=2)(results)
    assert out is results and out['keypoint'] is keypoint


def test_wrong_joints_are_named():
    with pytest.raises(
        ValueError,
        match=r"Sample 'S1' has 17 joints where "
        r"layout 'nturgb\+d' has 25",
    ):
        CheckJoints('nturgb+d')(sample(joints=17))


def test_too_many_persons_are_named_but_empty_rows_do_not_count():
    results = sample(persons=4)
    results['keypoint'][1] = 0
    CheckJoints('nturgb+d')(results)
    CheckJoints('nturgb+d', num_person=3)(results)
    with pytest.raises(ValueError, match="'S1' has 3 persons.*takes 2"):
        CheckJoints('nturgb+d', num_person=2)(results)


@pytest.mark.parametrize(
    'change, error, words',
    [
        (dict(keypoint=[[1]]), TypeError, "'S1'.*numpy array"),
        (dict(keypoint=np.array(['a'])), TypeError, "'S1'"),
        (
            dict(keypoint=np.ones((4, 25, 3))),
            ValueError,
            r"'S1'.*\(M, T, V, C\).*\(4, 25, 3\)",
        ),
        (dict(keypoint=np.ones((1, 4, 25, 4))), ValueError, 'C = 2 or 3'),
        (dict(keypoint_score=np.ones((2, 4))), ValueError, 'keypoint_score'),
    ],
)
def test_malformed_samples_are_named(change, error, words):
    with pytest.raises(error, match=words):
        CheckJoints('nturgb+d')({**sample(), **change})


def test_a_missing_keypoint_is_named():
    with pytest.raises(KeyError, match='S1.*keypoint'):
        CheckJoints('nturgb+d')(dict(frame_dir='S1'))


@pytest.mark.parametrize(
    'kwargs, error',
    [
        (dict(layout='ntu'), KeyError),
        (dict(layout='coco', num_person=0), ValueError),
        (dict(layout='coco', num_person=1.5), TypeError),
    ],
)
def test_bad_arguments_are_refused(kwargs, error):
    with pytest.raises(error):
        CheckJoints(**kwargs)
