"""Bone features, each joint as the vector that leads to it, and back."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from .layout import Layout, LayoutLike, get_layout


def joint_to_bone(
    keypoint: np.ndarray, layout: LayoutLike, *, scored: bool | None = None
) -> np.ndarray:
    """Subtract from each joint the joint at the other end of its bone.

    Equals MMAction2's ``JointToBone`` on the layouts that it knows.

    Args:
        keypoint (np.ndarray): Joints, shape (..., V, C), C is 2 or 3.
        layout (str or dict or Layout): The joint layout.
        scored (bool, optional): Whether the third channel is a score, which
            becomes the mean of both ends' scores. None means so for a planar
            layout. Defaults to None.

    Returns:
        np.ndarray: Bones, float32, shape (..., V, C); the root's is zero.

    Raises:
        ValueError: If the shape does not fit the layout.

    Example:
        >>> line = np.stack([np.arange(25.)] * 3, axis=-1)
        >>> joint_to_bone(line, 'nturgb+d')[3]
        array([1., 1., 1.], dtype=float32)
    """
    layout = get_layout(layout)
    return _differences(keypoint, layout, layout.parents, scored)


def joint_to_skip(
    keypoint: np.ndarray, layout: LayoutLike, *, scored: bool | None = None
) -> np.ndarray:
    """Subtract from each joint the one before its bone's other end.

    The skip modality of Liu et al., Balanced Representation Learning for
    Long-tailed Skeleton-based Action Recognition. As in its published code a
    joint whose bone begins at the root is subtracted from itself.

    Args:
        keypoint (np.ndarray): Joints, shape (..., V, C), C is 2 or 3.
        layout (str or dict or Layout): The joint layout.
        scored (bool, optional): As for :func:`joint_to_bone`. Defaults to
            None.

    Returns:
        np.ndarray: Skips, float32, shape (..., V, C); those of the root and
        of its neighbours are zero.

    Raises:
        ValueError: If the shape does not fit the layout.

    Example:
        >>> line = np.stack([np.arange(25.)] * 3, axis=-1)
        >>> joint_to_skip(line, 'nturgb+d')[15]
        array([2., 2., 2.], dtype=float32)
    """
    layout = get_layout(layout)
    parents = layout.parents
    ends = [
        joint if parents[parent] == parent else parents[parent]
        for joint, parent in enumerate(parents)
    ]
    return _differences(keypoint, layout, ends, scored)


def _differences(
    keypoint: np.ndarray,
    layout: Layout,
    ends_of: Sequence[int],
    scored: bool | None,
) -> np.ndarray:
    """Joints less other joints, their scores the mean of the two."""
    if keypoint.ndim < 2 or keypoint.shape[-1] not in (2, 3):
        raise ValueError(
            'Bones need joints of shape (..., V, 2 or 3), got '
            f'{keypoint.shape}'
        )
    layout.check_joints(keypoint.shape[-2])
    joints = keypoint.astype(np.float32)
    ends = joints[..., list(ends_of), :]
    bones = joints - ends
    if keypoint.shape[-1] == 3 and (
        layout.planar if scored is None else scored
    ):
        bones[..., 2] = (joints[..., 2] + ends[..., 2]) / 2
    return bones


def bones_to_joints(bones: np.ndarray, layout: Layout) -> np.ndarray:
    """Put bone vectors end to end, from the root outwards.

    Args:
        bones (np.ndarray): Bone features (..., V, C), as
            :func:`joint_to_bone` makes them.
        layout (Layout): The layout.

    Returns:
        np.ndarray: Joints (..., V, C), the root at the origin.

    Raises:
        ValueError: If the parents of the layout lead in a circle.
    """
    layout.check_joints(bones.shape[-2], 'the clip of bones')
    joints, rest = bones.astype(np.float64), set(range(layout.num_joints))
    rest -= {j for j, parent in enumerate(layout.parents) if parent == j}
    while rest:
        ready = {j for j in rest if layout.parents[j] not in rest}
        if not ready:
            raise ValueError(f'layout {layout.name!r} has parents in a circle')
        for joint in ready:
            joints[..., joint, :] += joints[..., layout.parents[joint], :]
        rest -= ready
    return joints
