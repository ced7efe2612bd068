"""Placing people before the sensor, and the sensor's errors."""

import numpy as np
import pytest

from shapmix_mm.datasets.demo.body import (
    DOFS,
    body_offsets,
    forward_kinematics,
    standing_height,
)
from shapmix_mm.datasets.demo.sensor import add_sensor_noise, place, turn

OFFSETS = body_offsets()
STANDING = forward_kinematics(OFFSETS, np.zeros((30, len(DOFS))))
HEIGHT = standing_height(OFFSETS)


def facing(person):
    """Unit vector to the front of a person, from hips and spine."""
    across = (person[:, 16] - person[:, 12]).mean(0)
    front = np.cross(np.array((0, 1, 0)), across)
    return front / np.linalg.norm(front)


def scenes(people, yaw, count=60):
    rng = np.random.RandomState(0)
    return [
        place(rng, [STANDING] * people, [HEIGHT] * people, yaw=yaw)
        for _ in range(count)
    ]


def test_turn_by_hand():
    np.testing.assert_allclose(
        turn(np.array((0.0, 2.0, 1.0)), 90), (1, 2, 0), atol=1e-12
    )
    np.testing.assert_allclose(
        turn(np.array((1.0, 2.0, 0.0)), 90), (0, 2, -1), atol=1e-12
    )


def test_one_person_faces_the_sensor():
    for scene in scenes(1, yaw=0):
        assert scene.shape == (1, 30, 25, 3)
        # The sensor is at the origin and looks along +z.
        assert facing(scene[0])[2] < -0.9
        assert scene[..., 2].min() > 1.5


def test_two_people_face_each_other_apart():
    for scene in scenes(2, yaw=45):
        first, second = scene
        line = (second - first)[:, 0].mean(0)
        distance = np.hypot(*line[[0, 2]])
        assert 0.7 < distance < 1.4
        assert facing(first) @ line / distance > 0.9
        assert facing(second) @ line / distance < -0.9


def test_yaw_spreads_over_its_range():
    front = np.array([facing(s[0]) for s in scenes(1, yaw=45, count=300)])
    yaw = np.rad2deg(np.arctan2(front[:, 0], -front[:, 2]))
    assert 22 < yaw.std() < 30  # 45 / sqrt(3) = 26, and a little wobble
    assert yaw.min() < -35
    assert yaw.max() > 35


def test_place_keeps_bone_lengths():
    scene = scenes(2, yaw=45, count=1)[0]
    bone = np.linalg.norm(scene[:, :, 9] - scene[:, :, 8], axis=-1)
    np.testing.assert_allclose(bone, np.linalg.norm(OFFSETS[9]), atol=1e-9)


def test_jitter_has_the_asked_size():
    clean = np.broadcast_to(STANDING[:1] + 2, (2, 2000, 25, 3))
    noisy = add_sensor_noise(
        np.random.RandomState(0), clean, noise=0.01, dropout=0
    )
    error = (noisy - clean).std((0, 1, 3))
    assert error[5] == pytest.approx(0.01, rel=0.05)
    assert error[0] == pytest.approx(0.006, rel=0.05)
    assert error[23] == pytest.approx(0.016, rel=0.05)


def test_lost_joints_freeze_or_jump_but_never_vanish():
    clean = STANDING[None] + np.arange(30)[None, :, None, None] * 0.05 + 2
    before = clean.copy()
    frozen = jumped = 0
    for seed in range(40):
        seen = add_sensor_noise(
            np.random.RandomState(seed), clean, noise=0, dropout=1
        )
        assert np.abs(seen).min() > 0.1
        moved = np.abs(seen - clean).max((0, 1, 3)) > 1e-9
        assert not moved[[0, 1, 2, 3, 5, 9, 13, 17, 20]].any()
        assert moved[[11, 15, 19, 23]].all()
        still = np.abs(np.diff(seen[0, :, 11], axis=0)).max(-1) < 1e-9
        assert 1 <= still.sum() <= 6
        first = still.argmax()
        expected = clean[0, first, 11] - [0.05] * 3
        if np.allclose(seen[0, first, 11], clean[0, first, 11]):
            frozen += 1
        else:
            jumped += 1
            assert not np.allclose(seen[0, first, 11], expected)
    assert frozen > 8
    assert jumped > 8
    np.testing.assert_array_equal(clean, before)


def test_no_noise_and_no_loss_change_nothing():
    clean = STANDING[None]
    np.testing.assert_array_equal(
        add_sensor_noise(np.random.RandomState(0), clean, noise=0, dropout=0),
        clean,
    )
