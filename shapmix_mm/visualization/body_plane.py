"""Where the joints of a body lie on paper: projections and schematics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..skeletons import Layout
from .schematic import schematic_body

_MIN_WIDTH = 0.5


@dataclass(frozen=True)
class View:
    """Orthographic projection onto a plane.

    Args:
        matrix (np.ndarray): Shape (D, 2); the columns are the directions
            that point right and up on paper.
    """

    matrix: np.ndarray

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project points.

        Args:
            points (np.ndarray): Shape (..., C); the first D channels are
                coordinates.

        Returns:
            np.ndarray: Shape (..., 2).
        """
        return points[..., : len(self.matrix)] @ self.matrix


def frontal_view(pose: np.ndarray, layout: Layout) -> View:
    """View of a body from its front, head up.

    The vertical is the axis of the greatest extent, turned so that legs are
    below the other parts; the horizontal leads from right to left joints, as
    one sees a person who faces one. Where a layout names neither legs nor
    pairs, axes count as they are; planar coordinates have y downwards.

    Args:
        pose (np.ndarray): Joints (V, C).
        layout (Layout): The layout.

    Returns:
        View: The projection.
    """
    points = np.asarray(pose, dtype=np.float64)
    points = points[:, : 2 if layout.planar else min(points.shape[1], 3)]
    dims = points.shape[1]
    extent = np.ptp(points, axis=0)
    axis = 1 if dims == 2 else int(extent.argmax())
    up = np.eye(dims)[axis] * _up_sign(points[:, axis], layout)
    right = np.zeros(dims)
    if layout.pairs:
        left, other = np.array(layout.pairs).T
        right = (points[left] - points[other]).mean(0)
        right[axis] = 0
    length = np.linalg.norm(right)
    if length < 1e-3 * max(extent.max(), 1e-12):
        others = np.where(np.arange(dims) == axis, -1, extent)
        right = np.eye(dims)[others.argmax()]
        length = np.linalg.norm(right)
    return View(np.stack([right / length, up], axis=1))


def sample_view(clip: np.ndarray, layout: Layout) -> View:
    """View of a clip: a person from the front, two of them side by side.

    Args:
        clip (np.ndarray): Skeletons (M, T, V, C); absent ones are zero.
        layout (Layout): The layout.

    Returns:
        View: The projection.
    """
    there = (clip != 0).any(axis=(2, 3))
    bodies = [c[t].mean(0) for c, t in zip(clip, there) if t.any()]
    if not bodies:
        raise ValueError('the clip has no person: all its coordinates are 0')
    view = frontal_view(bodies[0], layout)
    if len(bodies) == 1 or len(view.matrix) == 2:
        return view
    right, up = view.matrix.T
    apart = (bodies[1] - bodies[0])[:, :3].mean(0)
    apart = apart - (apart @ up) * up
    length = np.linalg.norm(apart)
    if length > 0.2 * np.ptp(view.project(bodies[0])[:, 1]):
        right = apart / length * (1 if apart @ right >= 0 else -1)
    return View(np.stack([right, up], axis=1))


def reference_body(
    layout: Layout, pose: np.ndarray | None = None
) -> np.ndarray:
    """Body to draw, of height 1 and centred, at least half as wide as high.

    A mean pose is narrower than any real one, hence the least width.

    Args:
        layout (Layout): The layout.
        pose (np.ndarray, optional): Joints (V, C), or (M, V, C) of which the
            first counts. Defaults to None, a schematic body; so does a pose
            that is not finite or has fallen together.

    Returns:
        np.ndarray: Joints on paper, (V, 2).

    Raises:
        ValueError: If the pose has another shape than the layout.
    """
    points = schematic_body(layout)
    if pose is not None:
        pose = np.asarray(pose, dtype=np.float64)
        pose = pose[0] if pose.ndim == 3 and len(pose) else pose
        if pose.ndim != 2 or pose.shape[1] < 2:
            raise ValueError(
                f'pose must be (M, V, C) or (V, C), got shape {pose.shape}'
            )
        layout.check_joints(len(pose), 'the pose')
        if _is_body(pose, layout):
            points = frontal_view(pose, layout).project(pose)
    points = points - (points.min(0) + points.max(0)) / 2
    width, height = np.ptp(points, axis=0)
    points = points / (height or width or 1)
    if 0 < width < _MIN_WIDTH * height:
        points[:, 0] *= _MIN_WIDTH * height / width
    return points


def bones_to_joints(bones: np.ndarray, layout: Layout) -> np.ndarray:
    """Put bone vectors end to end, from the root outwards.

    Args:
        bones (np.ndarray): Bone features (..., V, C), as
            :func:`shapmix_mm.skeletons.joint_to_bone` makes them.
        layout (Layout): The layout.

    Returns:
        np.ndarray: Joints (..., V, C), the root at the origin.
    """
    layout.check_joints(bones.shape[-2], 'the clip of bones')
    joints, rest = bones.astype(np.float64), set(range(layout.num_joints))
    rest -= {j for j, parent in enumerate(layout.parents) if parent == j}
    while rest:
        ready = {j for j in rest if layout.parents[j] not in rest}
        if not ready:
            raise ValueError(f'layout {layout.name!r} has parents in a circle')
        for joint in ready:
            parent = joints[..., layout.parents[joint], :]
            joints[..., joint, :] = joints[..., joint, :] + parent
        rest -= ready
    return joints


def _up_sign(heights: np.ndarray, layout: Layout) -> int:
    legs = [
        joint
        for name, joints in zip(layout.part_names, layout.parts)
        for joint in joints
        if 'leg' in name.lower() or 'foot' in name.lower()
    ]
    others = [j for j in range(layout.num_joints) if j not in legs]
    if legs and others:
        return 1 if heights[others].mean() >= heights[legs].mean() else -1
    return -1 if layout.planar else 1


def _is_body(pose: np.ndarray, layout: Layout) -> bool:
    points = pose[:, : 2 if layout.planar else 3]
    if not np.isfinite(points).all():
        return False
    size = np.linalg.norm(np.ptp(points, axis=0))
    ends = np.array(layout.bones).T
    lengths = np.linalg.norm(points[ends[0]] - points[ends[1]], axis=1)
    return bool(size > 0 and np.mean(lengths > 0.002 * size) >= 0.8)
