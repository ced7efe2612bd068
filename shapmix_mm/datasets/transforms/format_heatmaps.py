"""Heat maps in the form of skeletons, for blends that know the body."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.datasets.transforms import FormatShape
from mmaction.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FormatHeatmaps(FormatShape):
    """``FormatShape`` whose heat maps come out as skeletons of one person.

    A joint's picture, flattened, stands where its coordinates would:
    (clips, V, T, H, W) becomes (clips, 1, T, V, H * W). So all that mixes,
    masks or averages joints takes heat maps as they are;
    ``HeatmapRecognizer3D`` turns them back. Arguments are those of
    ``FormatShape``, of which other formats are left alone.

    Added Keys:

        - inputs_size (pictures' height and width, for heat maps)
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Format one sample.

        Args:
            results (dict): The result dict.

        Returns:
            dict: The result dict.
        """
        results = super().transform(results)
        if self.input_format == 'NCTHW_Heatmap':
            maps = results['imgs']
            results['inputs_size'] = maps.shape[-2:]
            maps = maps.transpose(0, 2, 1, 3, 4)
            maps = maps.reshape(len(maps), 1, *maps.shape[1:3], -1)
            results['imgs'] = np.ascontiguousarray(maps)
            results['input_shape'] = maps.shape
        return results
