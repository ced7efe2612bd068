"""Stock PreNormalize3D without loops over frames."""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np
from mmaction.datasets.transforms import PreNormalize3D
from mmaction.registry import TRANSFORMS
from mmengine.logging import print_log

from .keypoints import sample_name

# Cosine of the angle beyond which a body does not stand.
_UPRIGHT = math.cos(math.radians(45))


@TRANSFORMS.register_module()
class FastPreNormalize3D(PreNormalize3D):
    """Give what ``PreNormalize3D`` gives, bit for bit, with array operations.

    Drops the frames in which the main person is absent, puts the person who
    is there longer first, moves the first frame's spine to the origin, and
    turns spine and shoulders to the z and x axes. All arithmetic keeps
    stock's order and dtype. With ``align_center=False`` stock fails on its
    own missing variable; here ``body_center`` stays out of the results.

    Required Keys:

        - keypoint
        - total_frames (optional)

    Modified Keys:

        - keypoint
        - total_frames

    Added Keys:

        - body_center

    Args:
        zaxis (list[int]): Lower and upper joint of the spine. Defaults to
            ``[0, 1]``.
        xaxis (list[int]): Right and left shoulder. Defaults to ``[8, 4]``.
        align_spine (bool): Whether to turn the spine to the z axis. Defaults
            to True.
        align_shoulder (bool): Whether to turn the shoulders to the x axis.
            Defaults to True.
        align_center (bool): Whether to move the spine to the origin. Defaults
            to True.
    """

    # Bodies still to be looked at; a look takes microseconds.
    _looks_left = 100

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Normalise one sample.

        Args:
            results (dict): The result dict, keypoint (M, T, V, C).

        Returns:
            dict: The result dict; as it was if the coordinates add up to 0.

        Raises:
            IndexError: If no joint is farther than 1e-8 from the origin.
            ValueError: If total_frames is not T, or M is neither 1 nor 2.
        """
        skeleton = results['keypoint']
        persons, frames = skeleton.shape[:2]
        if results.get('total_frames', frames) != frames:
            raise ValueError(
                f'{sample_name(results)}: total_frames is '
                f'{results["total_frames"]}, but keypoint has {frames} frames'
            )
        if skeleton.sum() == 0:
            return results
        if persons not in (1, 2):
            raise ValueError(
                f'{sample_name(results)}: {type(self).__name__} takes 1 or 2 '
                f'persons, got {persons}; KeepMainPersons picks two'
            )
        skeleton = _main_frames(skeleton)
        if not skeleton.shape[1]:
            raise IndexError(
                f'{sample_name(results)} has no frame with a joint farther '
                'than 1e-8 from the origin'
            )
        if self.align_center:
            joint = 1 if skeleton.shape[2] == 25 else -1
            results['body_center'] = skeleton[0, 0, joint].copy()
        aligned = self._aligned(skeleton, results)
        if aligned is skeleton:
            aligned = skeleton.copy()
        results['keypoint'] = aligned
        results['total_frames'] = skeleton.shape[1]
        return results

    def _aligned(
        self, skeleton: np.ndarray, results: dict[str, Any]
    ) -> np.ndarray:
        parts = [skeleton]
        if len(skeleton) == 2 and not skeleton[1].any():
            # All joints of an absent person meet the same fate as one.
            parts = [skeleton[:1], skeleton[1:, :1, :1]]
        if self.align_center:
            parts = [_centred(part, results['body_center']) for part in parts]
        for wanted, joints, target in (
            (self.align_spine, self.zaxis, (0.0, 0.0, 1.0)),
            (self.align_shoulder, self.xaxis[::-1], (1.0, 0.0, 0.0)),
        ):
            if wanted:
                start, end = (parts[0][0, 0, joint] for joint in joints)
                matrix = rotation_onto(end - start, target)
                parts = [_rotated(part, matrix) for part in parts]
        if self.align_spine and self.align_shoulder:
            self._look_upright(parts[0], results)
        if len(parts) == 1:
            return parts[0]
        aligned = np.empty((2, *parts[0].shape[1:]), parts[0].dtype)
        aligned[:1], aligned[1:] = parts
        return aligned

    def _look_upright(
        self, aligned: np.ndarray, results: dict[str, Any]
    ) -> None:
        """Say once if the shoulders' turn has toppled a body.

        The turn of the shoulders to x is the smallest one; where they point
        away from x its axis is chance, and takes the spine anywhere.
        """
        if self._looks_left == 0:
            return
        self._looks_left -= 1
        spine = aligned[0, 0, self.zaxis[1]] - aligned[0, 0, self.zaxis[0]]
        length = math.sqrt(spine @ spine)
        if length > 1e-6 and spine[2] < _UPRIGHT * length:
            self._looks_left = 0
            print_log(
                f'{sample_name(results)} does not stand upright after '
                f'{type(self).__name__}(zaxis={list(self.zaxis)}, '
                f'xaxis={list(self.xaxis)}): if many do not, exchange the '
                f'two joints, xaxis={list(self.xaxis[::-1])}, or put '
                "dict(type='AlignSkeleton', layout=...) in its place",
                logger='current',
                level=logging.WARNING,
            )


def _main_frames(skeleton: np.ndarray) -> np.ndarray:
    """Frames of the person who is there longer, that person first."""
    there = _far_from_origin(skeleton)
    counts = there.sum(axis=1)
    main = int(counts.argmax())
    if counts[main] == skeleton.shape[1] and skeleton.flags.c_contiguous:
        kept = skeleton
    else:
        # Stock indexes so, and einsum's last bits depend on the layout.
        kept = skeleton[:, np.flatnonzero(there[main])]
    return kept[::-1] if main else kept


def _far_from_origin(skeleton: np.ndarray) -> np.ndarray:
    """In which frames a person has a coordinate beyond 1e-8, or NaN."""
    flat = (*skeleton.shape[:2], -1)
    if skeleton.dtype == np.float16:
        # Without their sign bits, whole numbers order as the halves do.
        bits = skeleton.view(np.uint16) << 1
        return np.asarray(bits.reshape(flat).max(axis=-1) > 0)
    largest = np.abs(skeleton).reshape(flat).max(axis=-1)
    return np.asarray(~(largest <= 1e-8))


def _centred(skeleton: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Subtract the centre from the joints that are not zero."""
    if skeleton.dtype == np.float16:
        # Halves are computed in single precision anyway, one by one.
        single = _centred(*(x.astype(np.float32) for x in (skeleton, center)))
        return single.astype(np.float16)
    centred = skeleton - center
    present = skeleton != 0
    if not present.all():
        centred *= present.any(axis=-1, keepdims=True)
    return centred


def _rotated(skeleton: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    # As einsum sums in an order of its own, only einsum gives stock's bits;
    # cast first, it need not buffer.
    double = skeleton.astype(np.float64, copy=False)
    return np.asarray(np.einsum('abcd,kd->abck', double, matrix))


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
