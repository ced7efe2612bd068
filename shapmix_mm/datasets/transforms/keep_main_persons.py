"""Keep the persons that move most, where a sample has too many."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from ...arguments import PositiveInt
from .keypoints import KeypointTransform, present, read_keypoint


@TRANSFORMS.register_module()
class KeepMainPersons(KeypointTransform):
    """Keep the persons with the most motion energy, in the order they are in.

    Stock ``FormatGCNInput`` keeps the first ones instead, whoever they are.
    Energy is the sum of squared joint displacements between neighbouring
    frames in which the person is present: appearing and vanishing would
    otherwise outweigh all real motion. Somebody who is present but still
    outranks an empty row; among equals the earlier row stays.

    Required Keys:

        - keypoint
        - keypoint_score (optional)

    Modified Keys:

        - keypoint
        - keypoint_score (optional)

    Args:
        num_person (int): How many persons to keep at most. Defaults to 2.
    """

    def __init__(self, num_person: PositiveInt = 2) -> None:
        self.num_person = num_person

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Drop the surplus persons of one sample.

        Args:
            results (dict): The result dict, keypoint (M, T, V, C).

        Returns:
            dict: The result dict with at most num_person persons.
        """
        keypoint = read_keypoint(results)
        if len(keypoint) <= self.num_person:
            return results
        there = present(keypoint)
        steps = np.square(np.diff(keypoint.astype(np.float64), axis=1))
        both = there[:, 1:] & there[:, :-1]
        energy = (steps.sum(axis=(2, 3)) * both).sum(axis=1)
        energy[~there.any(axis=1)] = -1
        ranked = np.argsort(-energy, kind='stable')
        kept = np.sort(ranked[: self.num_person])
        for key in ('keypoint', 'keypoint_score'):
            if key in results:
                results[key] = results[key][kept]
        return results
