"""Joint, bone and motion features for any joint layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from mmaction.registry import TRANSFORMS
from pydantic import Field
from typing_extensions import Annotated

from ...skeletons import get_layout, joint_to_bone, joint_to_skip
from ...skeletons.layout import LayoutLike
from .keypoints import KeypointTransform, read_keypoint, sample_name

Feats = Annotated[
    Sequence[Literal['j', 'b', 'k', 'jm', 'bm', 'km', 'ja', 'ba']],
    Field(min_length=1),
]


@TRANSFORMS.register_module()
class SkeletonFeatures(KeypointTransform):
    """Turn joints into the features of one or more streams.

    Equals MMAction2's ``GenSkeFeat`` on the layouts that it knows, and takes
    any other. It works in float32 where stock works in the joints' own type,
    so that for float16 and float64 they differ by stock's or our rounding.
    Motion is the step to the next frame, zero in the last one. A
    score (third channel of a planar layout, or ``keypoint_score``) becomes
    the mean of the two joints or frames that a feature is made of.

    Acceleration is that of Stream-GCN (Yang et al., IJCAI 2023): with ``u``,
    each joint or bone less the one that it hangs from, ``2 * (u[t] - 2 * u[t
    + 1] + u[t + 2])`` at frame ``t``, zero in the last two frames. A score
    is that of ``u`` at the middle frame.

    Required Keys:

        - keypoint
        - keypoint_score (optional)

    Modified Keys:

        - keypoint

    Removed Keys:

        - keypoint_score

    Args:
        layout (str or dict or Layout): The joint layout. Defaults to
            ``'nturgb+d'``.
        feats (Sequence[str]): The features to join along the channels, from
            'j' (joint), 'b' (bone), 'k' (skip, the way from the joint before
            the last), 'jm', 'bm' and 'km' (their motions), 'ja' and 'ba'
            (accelerations of joints and bones). Defaults to ``('j', )``.

    Raises:
        ValueError: If feats repeats a name.
    """

    def __init__(
        self, layout: LayoutLike = 'nturgb+d', feats: Feats = ('j',)
    ) -> None:
        self.layout = get_layout(layout)
        self.feats = tuple(feats)
        if len(set(self.feats)) != len(self.feats):
            raise ValueError(f'feats must differ, got {list(feats)}')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Make the features of one sample.

        Args:
            results (dict): The result dict, keypoint (M, T, V, C).

        Returns:
            dict: The result dict, keypoint (M, T, V, C * len(feats)) float32.

        Raises:
            ValueError: If the joints do not fit the layout, or 3D joints come
                with a score.
        """
        keypoint = read_keypoint(results)
        where = sample_name(results)
        self.layout.check_joints(keypoint.shape[2], where)
        score = results.pop('keypoint_score', None)
        if score is not None:
            if keypoint.shape[-1] != 2:
                raise ValueError(
                    f'{where}: keypoint_score goes with 2D '
                    f'joints only, got keypoint {keypoint.shape}'
                )
            keypoint = np.concatenate([keypoint, score[..., None]], axis=-1)
        scored = score is not None or (
            self.layout.planar and keypoint.shape[-1] == 3
        )
        results['keypoint'] = np.concatenate(
            [self._feature(name, keypoint, scored) for name in self.feats],
            axis=-1,
        )
        return results

    def _feature(
        self, name: str, joints: np.ndarray, scored: bool
    ) -> np.ndarray:
        feature = joints.astype(np.float32)
        if name.startswith('b'):
            feature = joint_to_bone(joints, self.layout, scored=scored)
        elif name.startswith('k'):
            feature = joint_to_skip(joints, self.layout, scored=scored)
        if name.endswith('a'):
            feature = joint_to_bone(feature, self.layout, scored=scored)
            return _to_acceleration(feature, scored)
        return _to_motion(feature, scored) if name.endswith('m') else feature


def _to_motion(feature: np.ndarray, scored: bool) -> np.ndarray:
    motion = np.zeros_like(feature)
    motion[:, :-1] = np.diff(feature, axis=1)
    if scored:
        motion[:, :-1, :, 2] = (
            feature[:, :-1, :, 2] + feature[:, 1:, :, 2]
        ) / 2
    return motion


def _to_acceleration(feature: np.ndarray, scored: bool) -> np.ndarray:
    found = np.zeros_like(feature)
    found[:, :-2] = 2 * np.diff(feature, 2, axis=1)
    if scored:
        found[:, :-2, :, 2] = feature[:, 1:-1, :, 2]
    return found
