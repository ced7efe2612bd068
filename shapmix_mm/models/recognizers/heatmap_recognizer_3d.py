"""3D recognizer that takes heat maps in the form of skeletons."""

from __future__ import annotations

import math
from typing import Any

from mmaction.models.recognizers import Recognizer3D
from mmaction.registry import MODELS
from torch import Tensor

__all__ = ['HeatmapRecognizer3D']


@MODELS.register_module()
class HeatmapRecognizer3D(Recognizer3D):
    """MMAction2's ``Recognizer3D`` behind ``FormatHeatmaps``.

    Blends and saliency see a skeleton of one person, each of whose joints has
    a picture in the place of coordinates; the network sees heat maps as ever.
    Parameters and scores are those of ``Recognizer3D``.

    Args:
        heatmap_size (tuple[int, int], optional): Height and width of the
            pictures. Defaults to None: they are square.
        **kwargs: Arguments of ``Recognizer3D``.
    """

    def __init__(
        self, heatmap_size: tuple[int, int] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.heatmap_size = heatmap_size

    def extract_feat(self, inputs: Tensor, *args: Any, **kwargs: Any) -> tuple:
        """Extract features of heat maps.

        Args:
            inputs (Tensor): Shape (N, clips, 1, T, V, H * W).
            *args: Of ``Recognizer3D``.
            **kwargs: Likewise.

        Returns:
            tuple: That of ``Recognizer3D``.

        Raises:
            ValueError: If the pictures do not have the size.
        """
        pixels = inputs.size(-1)
        side = math.isqrt(pixels)
        height, width = self.heatmap_size or (side, side)
        if height * width != pixels:
            raise ValueError(
                f'heat maps of {pixels} pixels are not {height} by {width}: '
                'set heatmap_size of HeatmapRecognizer3D'
            )
        maps = inputs.squeeze(2).transpose(2, 3)
        maps = maps.reshape(*maps.shape[:4], height, width)
        return super().extract_feat(maps, *args, **kwargs)
