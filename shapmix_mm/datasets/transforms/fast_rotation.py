"""The rotation that carries one vector onto an axis, as stock computes it."""

from __future__ import annotations

import math

import numpy as np


def rotation_onto(
    vector: np.ndarray, target: tuple[float, float, float]
) -> np.ndarray:
    """Rotation by which ``PreNormalize3D`` turns a vector to an axis.

    Every operation that rounds is done in stock's order and dtype, so that
    the matrix has the same bits: the angle in the vector's dtype, the rest
    in float64. NaN and infinite vectors give a matrix of NaN.

    Args:
        vector (np.ndarray): Vector, shape (3, ), of any real dtype.
        target (tuple[float]): Unit vector along one of the axes.

    Returns:
        np.ndarray: Matrix, float64, shape (3, 3); the identity if the vector
        is shorter than 1e-6, or along the axis already.

    Example:
        >>> turn = rotation_onto(np.array([0.0, 2.0, 0.0]), (1.0, 0.0, 0.0))
        >>> (turn @ [0, 2, 0]).round(6)
        array([2., 0., 0.])
    """
    angle = _angle_to(vector, target)
    axis = _cross(vector.tolist(), target)
    if abs(axis[0]) + abs(axis[1]) + abs(axis[2]) < 1e-6 or abs(angle) < 1e-6:
        return np.eye(3)
    # BLAS may fuse or reorder, so it takes BLAS to get the same length.
    whole = np.array(axis)
    length = math.sqrt(whole.dot(whole))
    half = angle / 2.0
    sine = float(np.sin(half))
    return _matrix(float(np.cos(half)), [-x / length * sine for x in axis])


def _angle_to(vector: np.ndarray, target: tuple[float, ...]) -> np.float64:
    if np.abs(vector).sum() < 1e-6:
        return np.float64(0)
    unit = (vector / np.linalg.norm(vector)).tolist()
    cosine = sum(x * t for x, t in zip(unit, target))
    return np.float64(np.arccos(np.float64(max(min(cosine, 1.0), -1.0))))


def _cross(
    one: list[float], two: tuple[float, float, float]
) -> tuple[float, float, float]:
    (a, b, c), (x, y, z) = one, two
    return b * z - c * y, c * x - a * z, a * y - b * x


def _matrix(a: float, bcd: list[float]) -> np.ndarray:
    """Rotation of a unit quaternion, clockwise about (b, c, d)."""
    b, c, d = bcd
    aa, bb, cc, dd = a * a, b * b, c * c, d * d
    bc, ad, ac, ab, bd, cd = b * c, a * d, a * c, a * b, b * d, c * d
    return np.array(
        [
            [aa + bb - cc - dd, 2 * (bc + ad), 2 * (bd - ac)],
            [2 * (bc - ad), aa + cc - bb - dd, 2 * (cd + ab)],
            [2 * (bd + ac), 2 * (cd - ab), aa + dd - bb - cc],
        ]
    )
