"""What the blends share that mix cells in place, frame by frame."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor

from shapmix_mm.arguments import Chance

from .drawing import Window, draw_partner, in_place
from .mixing import Cells, Mixture, pasted_cells, present_persons
from .skeleton_blending import SkeletonBlending

__all__ = ['MixtureBlending', 'paste_in_place']


class MixtureBlending(SkeletonBlending):
    """Base of the mixing baselines: a partner, weights and a label share.

    A partner may be of any class, the sample's own too, and gives to each
    frame its frame of the same number. Partners, and all that a subclass
    draws, are drawn for each sample, where most published versions draw once
    for the batch: the law for one sample is the same.

    Args:
        args (tuple): ``num_classes`` and ``layout``, see
            :class:`SkeletonBlending`.
        prob (float): Probability that a sample is mixed at all; another one
            comes out as it came in. Defaults to 1.0.
        kwargs (dict): ``keep_originals``, see :class:`SkeletonBlending`.
    """

    is_mixup: ClassVar[bool] = False

    def __init__(self, *args: Any, prob: Chance = 1.0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prob = prob

    @abstractmethod
    def draw_weights(
        self, clips: Tensor, label: Tensor, partner: Tensor
    ) -> tuple[Cells, Tensor]:
        """Draw how much of the partner goes where.

        Args:
            clips (Tensor): Skeletons, shape (N, M, T, V, C).
            label (Tensor): Target distributions, shape (N, K).
            partner (Tensor): Index of each sample's partner, shape (N,).

        Returns:
            tuple[Cells, Tensor]: Cells that take from the partner, and its
            shares of the label, shape (N,).
        """

    def draw_mixture(self, clips: Tensor, label: Tensor) -> Mixture:
        """Draw partners, who is mixed, and weights; see the base."""
        partner = draw_partner(len(clips), clips.device)
        mixed = torch.rand(len(clips), device=clips.device) < self.prob
        cells, share = self.draw_weights(clips, label, partner)
        return Mixture(
            partner,
            source=in_place(cells.frames),
            cells=cells._replace(frames=cells.frames & mixed[:, None]),
            share=share * mixed,
            is_mixup=mixed & self.is_mixup,
        )


def paste_in_place(
    clips: Tensor, partner: Tensor, inside: Tensor, joints: Tensor
) -> tuple[Cells, Tensor]:
    """Cells that paste some joints in some frames, and the share pasted.

    Args:
        clips (Tensor): Skeletons, shape (N, M, T, V, C).
        partner (Tensor): Index of each sample's partner, shape (N,).
        inside (Tensor): Pasted frames, bool, shape (N, T).
        joints (Tensor): Pasted joints, bool, shape (N, V).

    Returns:
        tuple[Cells, Tensor]: Cells of weight 0 or 1, of persons present in
        both samples only, and the pasted share of joints x frames of the
        persons present, shape (N,).
    """
    window = Window(inside, in_place(inside))
    return pasted_cells(window, joints, present_persons(clips), partner)
