"""Stock GenSkeFeat without loops over joints."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from mmaction.datasets.transforms import GenSkeFeat, JointToBone
from mmaction.registry import TRANSFORMS

from .keypoints import sample_name


@TRANSFORMS.register_module()
class FastGenSkeFeat(GenSkeFeat):
    """Give what ``GenSkeFeat`` gives, bit for bit, with array operations.

    Required Keys:

        - keypoint
        - keypoint_score (optional)

    Modified Keys:

        - keypoint

    Removed Keys:

        - keypoint_score

    Args:
        dataset (str): Joint layout: 'nturgb+d', 'openpose' or 'coco'.
            Defaults to ``'nturgb+d'``.
        feats (str or Sequence[str]): The features to join: 'j' (joint), 'b'
            (bone), 'jm' and 'bm' (their motions). Defaults to ``['j']``.
        axis (int): Axis to join them along. Defaults to -1.

    Raises:
        ValueError: If bones are asked for and the layout is unknown.
    """

    def __init__(
        self,
        dataset: str = 'nturgb+d',
        feats: str | Sequence[str] = ['j'],  # noqa: B006  (as stock has it)
        axis: int = -1,
    ) -> None:
        super().__init__(dataset=dataset, feats=feats, axis=axis)
        self.scored = dataset in ('openpose', 'coco')
        self.makes = [name for name in ('b', 'jm', 'bm') if name in feats]
        self._parents: np.ndarray | None = None
        if 'b' in feats or 'bm' in feats:
            pairs = sorted(JointToBone(dataset=dataset).pairs)
            self._parents = np.array([parent for _, parent in pairs])

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Make the features of one sample.

        Args:
            results (dict): The result dict, keypoint (M, T, V, C).

        Returns:
            dict: The result dict, keypoint (M, T, V, C * len(feats)), bones
            alone in float32. Features that stock makes but does not join
            stay under their names, as there.

        Raises:
            ValueError: If 3D joints come with a score, or C is neither 2 nor
                3 where bones or motion are made.
        """
        if 'keypoint_score' in results and 'keypoint' in results:
            self._join_score(results)
        joints = results['keypoint']
        if self.makes and joints.shape[-1] not in (2, 3):
            raise ValueError(
                f'{sample_name(results)}: {self.makes} need 2 or 3 channels, '
                f'got keypoint {joints.shape}'
            )
        if self._parents is not None:
            results['b'] = self._bones(joints, self._parents)
        results['j'] = joints
        for name in ('jm', 'bm'):
            if name in self.feats:
                results[name] = self._motion(results[name[0]])
        feats = [results.pop(name) for name in self.feats]
        results['keypoint'] = np.concatenate(feats, axis=self.axis)
        return results

    def _join_score(self, results: dict[str, Any]) -> None:
        joints, score = results['keypoint'], results.pop('keypoint_score')
        if self.dataset == 'nturgb+d' or joints.shape[-1] != 2:
            raise ValueError(
                f'{sample_name(results)}: keypoint_score goes with 2D joints '
                f'only, got keypoint {joints.shape} of {self.dataset!r}'
            )
        results['keypoint'] = np.concatenate(
            [joints, score[..., None]], axis=-1
        )

    def _bones(self, joints: np.ndarray, parents: np.ndarray) -> np.ndarray:
        ends = joints.take(parents, axis=2)
        starts = joints[:, :, : ends.shape[2]]
        # Joints beyond the layout have no bone.
        bones = np.zeros(joints.shape, dtype=np.float32)
        bones[:, :, : ends.shape[2]] = starts - ends
        if self.scored and joints.shape[-1] == 3:
            score = (starts[..., 2] + ends[..., 2]) / 2
            bones[:, :, : ends.shape[2], 2] = score
        return bones

    def _motion(self, feature: np.ndarray) -> np.ndarray:
        motion = np.zeros_like(feature)
        before, after = feature[:, :-1], feature[:, 1:]
        np.subtract(after, before, out=motion[:, :-1])
        if self.scored and feature.shape[-1] == 3:
            motion[:, :-1, :, 2] = (before[..., 2] + after[..., 2]) / 2
        return motion
