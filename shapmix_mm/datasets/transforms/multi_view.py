"""Several augmented views of one clip."""

from __future__ import annotations

import copy
from typing import Any, Sequence

import torch
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

from shapmix_mm.arguments import PositiveInt

from .keypoints import KeypointTransform

__all__ = ['MultiView']


@TRANSFORMS.register_module()
class MultiView(KeypointTransform):
    """Run the random part of a pipeline several times on one sample.

    The views lie behind each other along the clips of ``inputs``, in the
    order in which they were made, so that a batch has the shape (N, views,
    M, T, V, C). Each view starts from a copy of the sample and draws its own
    random numbers, from the streams that the transforms always use: what a
    seed gives is reproducible in any worker. It is the last step of a
    pipeline; what is the same for all views belongs before it.

    Required Keys:

        - whatever ``pipeline`` requires

    Modified Keys:

        - inputs
        - data_samples

    Args:
        pipeline (Sequence[dict]): Transforms of every view, the last of
            which packs the inputs.
        num_views (int): Number of views. Defaults to 2.
        first (Sequence[Sequence[dict]]): Transforms that only one view has,
            ahead of ``pipeline``: one list for each view, so that some are
            augmented more than others. Defaults to (), no view has any.
    """

    def __init__(
        self,
        pipeline: Sequence[dict],
        num_views: PositiveInt = 2,
        first: Sequence[Sequence[dict]] = (),
    ) -> None:
        if first and len(first) != num_views:
            raise ValueError(
                f'MultiView has {num_views} views, but {len(first)} lists of '
                'transforms in first; give one for each view, which may be '
                'empty'
            )
        self.num_views = num_views
        self.pipeline = Compose(list(pipeline))
        self.first = [Compose(list(steps)) for steps in first]

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Make the views of one sample.

        Args:
            results (dict): The sample.

        Returns:
            dict: ``inputs`` of shape (views, ...) and the ``data_samples`` of
            the first view.

        Raises:
            ValueError: If a view is no single clip.
        """
        views = [self._view(index, results) for index in range(self.num_views)]
        inputs = [view['inputs'] for view in views]
        if any(len(clip) != 1 for clip in inputs):
            raise ValueError(
                'each view must be one clip, got '
                f'{[len(clip) for clip in inputs]}; set num_clips=1 in the '
                'pipeline of MultiView'
            )
        return dict(views[0], inputs=torch.cat(inputs))

    def _view(self, index: int, results: dict[str, Any]) -> dict[str, Any]:
        sample: Any = copy.deepcopy(results)
        if self.first:
            sample = self.first[index](sample)
        return self.pipeline(sample)
