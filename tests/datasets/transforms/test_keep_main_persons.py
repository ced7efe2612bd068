"""KeepMainPersons: those that really move stay, in their order."""

from __future__ import annotations

import numpy as np
import pytest

from shapmix_mm.datasets.transforms import KeepMainPersons


def crowd(*speeds, frames=10):
    """Persons of known speed; each one's last coordinate is its number."""
    keypoint = np.ones((len(speeds), frames, 5, 3), np.float32)
    for person, speed in enumerate(speeds):
        keypoint[person, :, :, 0] = speed * np.arange(frames)[:, None]
        keypoint[person, ..., 2] = person + 1
    return dict(frame_dir='S1', keypoint=keypoint)


def kept(results, num=2):
    out = KeepMainPersons(num)(results)['keypoint']
    return [int(person) - 1 for person in out[..., 2].max(axis=(1, 2))]


@pytest.mark.parametrize(
    'speeds, want',
    [
        ((1, 3, 2), [1, 2]),
        ((3, 1, 2), [0, 2]),
        ((0, 0, 0), [0, 1]),
        ((2, 2, 2, 2), [0, 1]),
        ((0, 5, 0, 4), [1, 3]),
    ],
)
def test_the_fastest_stay_in_their_order(speeds, want):
    assert kept(crowd(*speeds)) == want


def test_energy_is_the_sum_of_squares_of_all_joints():
    results = crowd(0, 0, 0)
    results['keypoint'][0, 5:, 0, 0] += 3.0  # one jump of one joint: 9
    results['keypoint'][1, 5:, :, 0] += 1.4  # one jump of five joints: 9.8
    assert kept(results, 1) == [1]


def test_appearing_is_no_motion():
    results = crowd(1, 0, 2)
    results['keypoint'][1, ::2] = 0
    assert kept(results) == [0, 2]


def test_somebody_still_outranks_an_empty_row():
    results = crowd(0, 0, 5)
    results['keypoint'][0] = 0
    out = KeepMainPersons(2)(results)['keypoint']
    assert out[:, 0, 0, 2].tolist() == [2, 3]


def test_scores_go_along_and_the_input_is_kept():
    results = crowd(1, 3, 2)
    keypoint = results['keypoint']
    before = keypoint.copy()
    results['keypoint_score'] = keypoint[..., 2].copy()
    out = KeepMainPersons(1)(results)
    assert out['keypoint'].shape == (1, 10, 5, 3)
    np.testing.assert_array_equal(out['keypoint_score'], 2)
    np.testing.assert_array_equal(keypoint, before)


def test_few_enough_persons_pass_untouched():
    results = crowd(1, 2)
    keypoint = results['keypoint']
    assert KeepMainPersons(2)(results)['keypoint'] is keypoint


def test_one_frame_keeps_the_first_that_are_there():
    results = crowd(1, 2, 3, frames=1)
    results['keypoint'][0] = 0
    assert KeepMainPersons(1)(results)['keypoint'][0, 0, 0, 2] == 2


@pytest.mark.parametrize('num, error', [(0, ValueError), ('2', TypeError)])
def test_bad_arguments_are_named(num, error):
    with pytest.raises(error, match='num_person'):
        KeepMainPersons(num)
