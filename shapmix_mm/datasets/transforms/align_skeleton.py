"""Alignment of clips to the frame of the body."""

from __future__ import annotations

import logging
from typing import Any

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log

from shapmix_mm.arguments import PairOfInts
from shapmix_mm.skeletons import get_layout
from shapmix_mm.skeletons.body_frame import (
    BodyJoints,
    clip_frame,
    find_body_joints,
)

from .keypoints import sample_name

__all__ = ['AlignSkeleton']


@TRANSFORMS.register_module()
class AlignSkeleton(BaseTransform):
    """Turn a clip so that its main person stands along z and faces y.

    Unlike ``PreNormalize3D``, which turns the spine to z and then the
    shoulders to x by the smallest rotation, about an axis that is chance
    where they point away from x, the frame here is orthonormal: spine first,
    then the shoulders made perpendicular to it. Whichever axis of the file is
    up and wherever people face, bodies stand upright afterwards. The frame is
    that of the first frame in which the person has hips and shoulders, so
    that turns of the body within the clip remain. It is the person with most
    frames; all persons are turned and moved alike, and joints that are
    missing, zeros, stay so, as in ``PreNormalize3D``. A clip that tells no
    frame, such as one without shoulders, stays as it is, and is counted in
    ``unaligned``.

    Required Keys:

        - keypoint

    Modified Keys:

        - keypoint

    Args:
        layout (str or dict): Skeleton layout; its joint or part names tell
            hips and shoulders. Defaults to ``'nturgb+d'``.
        hips (tuple[int, int], optional): Left and right hip. Defaults to
            None: the layout's.
        shoulders (tuple[int, int], optional): Left and right shoulder.
            Defaults to None: the layout's.
    """

    def __init__(
        self,
        layout: str | dict = 'nturgb+d',
        *,
        hips: PairOfInts | None = None,
        shoulders: PairOfInts | None = None,
    ) -> None:
        self.layout = get_layout(layout)
        if hips is None or shoulders is None:
            found = find_body_joints(self.layout)
            hips, shoulders = hips or found.hips, shoulders or found.shoulders
        self.joints = BodyJoints(
            (hips[0], hips[1]), (shoulders[0], shoulders[1])
        )
        self.unaligned = 0

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Align one sample.

        Args:
            results (dict): The result dict, keypoint (M, T, V, C), C >= 3;
                channels after the third are kept.

        Returns:
            dict: The result dict.

        Raises:
            ValueError: If the joints do not fit the layout, or the
                coordinates are not three.
        """
        keypoint = results['keypoint']
        self.layout.check_joints(keypoint.shape[2], sample_name(results))
        if keypoint.shape[3] < 3:
            raise ValueError(
                f'{sample_name(results)}: AlignSkeleton turns bodies in three '
                f'dimensions, the clip has {keypoint.shape[3]}'
            )
        frame = clip_frame(keypoint[..., :3], self.joints)
        if frame is None:
            self._count(results)
            return results
        axes, origin = frame
        there = keypoint[..., :3].any(axis=3, keepdims=True)
        moved = keypoint.copy()
        moved[..., :3] = ((keypoint[..., :3] - origin) @ axes.T) * there
        results['keypoint'] = moved
        return results

    def _count(self, results: dict[str, Any]) -> None:
        self.unaligned += 1
        if self.unaligned == 1:
            print_log(
                f'AlignSkeleton: {sample_name(results)} has no frame with '
                'hips and shoulders; it and others like it stay as they are',
                logger='current',
                level=logging.WARNING,
            )

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(layout={self.layout.name!r}, '
            f'hips={self.joints.hips}, shoulders={self.joints.shoulders})'
        )
