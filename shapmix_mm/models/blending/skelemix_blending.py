"""SkeleMix: body parts over a window of the time grid."""

from __future__ import annotations

from typing import Any, ClassVar, Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import PairOfInts, PositiveInt
from shapmix_mm.shapley.coalitions import check_sizes

from .drawing import draw_subset
from .mixing import Cells
from .mixture_blending import MixtureBlending, paste_in_place

__all__ = ['SkeleMixBlending']


@MODELS.register_module()
class SkeleMixBlending(MixtureBlending):
    """The mix of SkeleMixCLR (Chen et al., 2022) with labels.

    Two or three body parts of the partner replace the sample's own over a
    window, at the same frames, without resampling. The published mixer
    divides 64 frames into 16 stretches and pastes 7 to 11 of them; here the
    clip has 16 stretches whatever its length, so that other lengths keep the
    share. Its number of parts, window length and start are uniform.

    SkeleMixCLR is self-supervised and has no labels: the label by the share
    really pasted is ours, as is leaving alone persons that are absent in one
    of the two samples. The published mixer draws parts, window and partner
    (a shift of the batch) once for the batch.

    Args:
        args (tuple): ``num_classes`` and ``layout``, see
            :class:`SkeletonBlending`.
        sizes (Sequence[int]): Numbers of parts that may be pasted together.
            Defaults to (2, 3).
        stretches (int): Stretches that a clip is divided into. Defaults to
            16.
        window (tuple[int, int]): Fewest and most stretches in a window.
            Defaults to (7, 11).
        kwargs (dict): ``keep_originals`` and ``prob``, see
            :class:`MixtureBlending`.
    """

    part_mask: Tensor
    part_sizes: Tensor
    pastes_parts: ClassVar[bool] = True

    def __init__(
        self,
        *args: Any,
        sizes: Sequence[int] = (2, 3),
        stretches: PositiveInt = 16,
        window: PairOfInts = (7, 11),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        low, high = window
        if not 1 <= low <= high <= stretches:
            raise ValueError(
                'window must be (fewest, most) with 1 <= fewest <= most <= '
                f'stretches = {stretches}, got {window}'
            )
        self.sizes = check_sizes(self.layout.num_parts, sizes)
        self.stretches = stretches
        self.window = (low, high)
        self.register_buffer(
            'part_mask',
            torch.from_numpy(self.layout.part_mask()).float(),
            persistent=False,
        )
        self.register_buffer(
            'part_sizes', torch.tensor(self.sizes), persistent=False
        )

    def draw_weights(
        self, clips: Tensor, label: Tensor, partner: Tensor
    ) -> tuple[Cells, Tensor]:
        """Draw a window and body parts for each sample; see the base."""
        inside = self._draw_window(len(clips), clips.size(2), clips.device)
        return paste_in_place(
            clips, partner, inside, self._draw_joints(len(clips))
        )

    def _draw_window(
        self, num: int, frames: int, device: torch.device
    ) -> Tensor:
        low, high = self.window
        length = torch.randint(low, high + 1, (num, 1), device=device)
        room = self.stretches - length + 1
        start = (torch.rand(num, 1, device=device) * room).floor()
        stretch = torch.arange(frames, device=device) * self.stretches
        stretch = stretch.div(frames, rounding_mode='floor')
        return (stretch >= start) & (stretch < start + length)

    def _draw_joints(self, num: int) -> Tensor:
        drawn = torch.randint(
            len(self.part_sizes), (num,), device=self.part_sizes.device
        )
        parts = draw_subset(self.part_sizes[drawn], self.layout.num_parts)
        return (parts.float() @ self.part_mask) > 0
