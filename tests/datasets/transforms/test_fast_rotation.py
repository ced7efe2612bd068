"""The rotation onto an axis, by geometry and against stock."""

from __future__ import annotations

import numpy as np
import pytest
from mmaction.datasets.transforms import PreNormalize3D
from scipy.spatial.transform import Rotation

from shapmix_mm.datasets.transforms.fast_pre_normalize_3d import rotation_onto

AXES = [(1.0, 0.0, 0.0), (0.0, 0.0, 1.0)]


@pytest.mark.parametrize('target', AXES)
@pytest.mark.parametrize('seed', range(20))
def test_is_the_shortest_turn(seed, target):
    vector = np.random.RandomState(seed).randn(3)
    matrix = rotation_onto(vector, target)
    length = np.linalg.norm(vector)
    np.testing.assert_allclose(
        matrix @ vector, length * np.array(target), atol=1e-12
    )
    turn = Rotation.from_matrix(matrix).as_rotvec()
    np.testing.assert_allclose(
        [turn @ vector, turn @ target], [0, 0], atol=1e-12
    )
    assert np.linalg.norm(turn) <= np.pi


@pytest.mark.parametrize('target', AXES)
@pytest.mark.parametrize('size', [0.0, 1e-7, 1.0])
def test_no_turn_for_no_length_and_no_angle(size, target):
    vector = size * np.array(target)
    np.testing.assert_array_equal(rotation_onto(vector, target), np.eye(3))


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_no_number_gives_no_number(value):
    with np.errstate(invalid='ignore'):
        matrix = rotation_onto(np.array([value, 1, 1]), AXES[1])
    assert np.isnan(matrix).all()


@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
@pytest.mark.parametrize('target', AXES)
def test_has_the_bits_of_stock(target, dtype):
    stock, rng = PreNormalize3D(), np.random.RandomState(0)
    for number in range(600):
        vector = rng.randn(3)
        if number % 3:
            # From well off the axis to all but on it.
            vector *= 10.0 ** rng.uniform(-9, 0)
            vector += np.array(target) * rng.uniform(-2, 2)
        vector = vector.astype(dtype)
        axis = np.cross(vector, np.array(target, dtype=int))
        angle = stock.angle_between(vector, target)
        np.testing.assert_array_equal(
            rotation_onto(vector, target),
            stock.rotation_matrix(axis, angle),
            err_msg=f'{vector!r}',
        )
