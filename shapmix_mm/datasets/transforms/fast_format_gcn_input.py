"""Stock FormatGCNInput with a single copy of the joints."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.datasets.transforms import FormatGCNInput
from mmaction.registry import TRANSFORMS

from .keypoints import sample_name


@TRANSFORMS.register_module()
class FastFormatGCNInput(FormatGCNInput):
    """Give what ``FormatGCNInput`` gives, bit for bit.

    Required Keys:

        - keypoint
        - keypoint_score (optional)
        - num_clips (optional)

    Modified Keys:

        - keypoint

    Args:
        num_person (int): Number of persons M to give; surplus ones are cut
            off. Defaults to 2.
        mode (str): What fills missing persons: 'zero', or 'loop' for copies
            of a single one. Defaults to ``'zero'``.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Bring one sample into the shape of a GCN's input.

        Args:
            results (dict): The result dict, keypoint (M', clips * T, V, C).

        Returns:
            dict: The result dict, keypoint (clips, M, T, V, C), with the
            score as the last channel if there is one.

        Raises:
            ValueError: If the frames do not divide into the clips.
        """
        joints = results['keypoint']
        score = results.get('keypoint_score')
        clips = results.get('num_clips', 1)
        found, frames = joints.shape[:2]
        if frames % clips:
            raise ValueError(
                f'{sample_name(results)}: {frames} frames do not divide into '
                f'{clips} clips'
            )
        if score is None and clips == 1 and found >= self.num_person:
            whole = np.ascontiguousarray(joints[: self.num_person])[None]
        else:
            whole = self._filled(joints, score, clips)
        results['keypoint'] = whole
        return results

    def _filled(
        self, joints: np.ndarray, score: np.ndarray | None, clips: int
    ) -> np.ndarray:
        found, frames, num, dims = joints.shape
        dtype = (
            joints.dtype if score is None else np.result_type(joints, score)
        )
        shape = (clips, self.num_person, frames // clips, num)
        whole = np.empty((*shape, dims + (score is not None)), dtype)
        for person in range(self.num_person):
            source = 0 if self.mode == 'loop' and found == 1 else person
            if source >= found:
                whole[:, person] = 0
                continue
            part = whole[:, person]
            part[..., :dims] = joints[source].reshape(part[..., :dims].shape)
            if score is not None:
                part[..., dims] = score[source].reshape(part.shape[:-1])
        return whole
