"""Refuse a sample that does not fit the layout or the model."""

from __future__ import annotations

from typing import Any

from mmaction.registry import TRANSFORMS

from ...arguments import PositiveInt
from ...skeletons import get_layout
from ...skeletons.layout import LayoutLike
from .keypoints import KeypointTransform, present, read_keypoint, sample_name


@TRANSFORMS.register_module()
class CheckJoints(KeypointTransform):
    """Check a sample's number of joints, and of persons if asked to.

    Stock pipelines fail far from the cause on a wrong number of joints, and
    ``FormatGCNInput`` cuts surplus persons off in silence. Put this first.

    Required Keys:

        - keypoint

    Args:
        layout (str or dict or Layout): The joint layout.
        num_person (int, optional): How many persons the model takes; rows
            that are zero throughout do not count. None means no check.
            Defaults to None.
    """

    def __init__(
        self, layout: LayoutLike, num_person: PositiveInt | None = None
    ) -> None:
        self.layout = get_layout(layout)
        self.num_person = num_person

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Check one sample.

        Args:
            results (dict): The result dict, keypoint (M, T, V, C).

        Returns:
            dict: The result dict as it was.

        Raises:
            ValueError: If the sample has another number of joints than the
                layout, or more persons than the model takes.
        """
        keypoint = read_keypoint(results)
        where = sample_name(results)
        self.layout.check_joints(keypoint.shape[2], where)
        persons = int(present(keypoint).any(axis=1).sum())
        if self.num_person is not None and persons > self.num_person:
            raise ValueError(
                f'{where} has {persons} persons where the model '
                f'takes {self.num_person}: KeepMainPersons picks '
                'those that move most'
            )
        return results
