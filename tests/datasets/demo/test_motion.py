"""Gestures in time: rate, onset, size, and no trace in the other parts."""

import numpy as np
import pytest

from shapmix_mm.datasets.demo.body import (
    DOF_INDEX,
    DOFS,
    body_offsets,
    forward_kinematics,
)
from shapmix_mm.datasets.demo.classes import GESTURES
from shapmix_mm.datasets.demo.motion import (
    Clock,
    apply_gesture,
    draw_clock,
    draw_posture,
    envelope,
    gesture_angles,
    person_angles,
)

TIME = np.arange(80) / 20
WHOLE = Clock(pace=0, phase=0, start=-9, stop=99, amplitude=1)


def test_envelope_rises_and_falls():
    clock = WHOLE._replace(start=1, stop=3)
    weight = envelope(
        np.array((0, 1, 1.175, 1.35, 2, 2.65, 2.825, 3, 4)), clock
    )
    np.testing.assert_allclose(weight, (0, 0, 0.5, 1, 1, 1, 0.5, 0, 0))


@pytest.mark.parametrize('pace', [0, 1])
def test_gesture_keeps_its_rate(pace):
    angles = gesture_angles(GESTURES['wave'], TIME, WHOLE._replace(pace=pace))[
        'elbow'
    ]
    spectrum = np.abs(np.fft.rfft(angles - angles.mean(), 2000))
    rate = np.fft.rfftfreq(2000, 1 / 20)[spectrum.argmax()]
    assert rate == pytest.approx(GESTURES['wave'].rate[pace], abs=0.05)


def test_gesture_size_follows_the_amplitude():
    kick = GESTURES['kick']
    full = gesture_angles(kick, TIME, WHOLE)['hip_flex']
    half = gesture_angles(kick, TIME, WHOLE._replace(amplitude=0.25))
    assert full[0] == pytest.approx(28 + 36)
    assert np.ptp(half['hip_flex']) == pytest.approx(np.ptp(full) / 4)


def test_lag_of_half_a_cycle_swaps_high_and_low():
    step = GESTURES['knee_lift']
    plain = gesture_angles(step, TIME, WHOLE)['knee']
    late = gesture_angles(step, TIME, WHOLE, 0.5)['knee']
    np.testing.assert_allclose(plain + late, 2 * 45)


@pytest.mark.parametrize(
    ('gesture', 'limb'), [('wave', 'arm'), ('punch', 'arm'), ('kick', 'leg')]
)
def test_left_and_right_gestures_are_mirror_images(gesture, limb, mirrored):
    points = []
    for side in ('left', 'right'):
        angles = np.zeros((len(TIME), len(DOFS)))
        apply_gesture(
            angles,
            f'{side}_{limb}',
            gesture_angles(GESTURES[gesture], TIME, WHOLE),
            np.ones(len(TIME)),
        )
        points.append(forward_kinematics(body_offsets(), angles))
    np.testing.assert_allclose(mirrored(points[0]), points[1], atol=1e-12)
    assert np.ptp(points[0], axis=0).max() > 0.2


def test_waving_hand_moves_sideways_above_the_elbow():
    angles = np.zeros((len(TIME), len(DOFS)))
    apply_gesture(
        angles,
        'right_arm',
        gesture_angles(GESTURES['wave'], TIME, WHOLE),
        np.ones(len(TIME)),
    )
    points = forward_kinematics(body_offsets(), angles)
    sideways, _, forward = np.ptp(points[:, 11], axis=0)
    assert sideways > 2 * forward
    assert np.mean(points[:, 11, 1] > points[:, 9, 1]) > 0.9


def test_apply_gesture_touches_its_part_only():
    angles = np.zeros((len(TIME), len(DOFS)))
    apply_gesture(
        angles,
        'left_leg',
        {'knee': np.full(len(TIME), 40.0)},
        np.full(len(TIME), 0.5),
    )
    knee = DOF_INDEX['left_knee']
    assert (angles[:, knee] == 20).all()
    assert not np.delete(angles, knee, 1).any()


def test_clock_keeps_to_its_range():
    rng = np.random.RandomState(0)
    clocks = [draw_clock(rng, 3.0, (0.6, 1.1)) for _ in range(200)]
    amplitudes = [clock.amplitude for clock in clocks]
    assert 0.6 <= min(amplitudes) < 0.65
    assert 1.05 < max(amplitudes) <= 1.1
    assert all(clock.stop - clock.start > 1 for clock in clocks)


def person(roles, seed, nuisance=1.0):
    rng = np.random.RandomState(seed)
    return person_angles(
        rng, TIME, roles, WHOLE, posture=draw_posture(rng), nuisance=nuisance
    )


def test_other_parts_follow_one_law_whatever_the_class():
    waving = np.stack(
        [person({'right_arm': ('wave', 0)}, i) for i in range(300)]
    )
    kicking = np.stack(
        [person({'left_leg': ('kick', 0)}, 1000 + i) for i in range(300)]
    )
    for i, dof in enumerate(DOFS):
        if dof.part in ('trunk', 'left_arm', 'right_leg'):
            for statistic in (np.mean, np.std):
                a, b = (
                    statistic(waving[..., i], 1),
                    statistic(kicking[..., i], 1),
                )
                error = np.hypot(a.std(), b.std()) / 300**0.5
                assert abs(a.mean() - b.mean()) < 4 * error, dof.name


def test_head_role_leaves_the_spine_to_chance():
    spine = [DOF_INDEX['spine_roll'], DOF_INDEX['spine_yaw']]
    nodding = np.stack(
        [person({'trunk': ('nod', 0)}, i)[:, spine] for i in range(300)]
    ).std(1)
    idle = np.stack([person({}, 1000 + i)[:, spine] for i in range(300)]).std(
        1
    )
    error = np.hypot(nodding.std(0), idle.std(0)) / 300**0.5
    assert (abs(nodding.mean(0) - idle.mean(0)) < 4 * error).all()


def test_nuisance_scales_what_the_other_parts_do():
    calm, lively = (
        np.mean([person({}, i, nuisance).std(0).mean() for i in range(40)])
        for nuisance in (0.0, 0.8)
    )
    assert calm < 1e-9
    assert lively > 1
