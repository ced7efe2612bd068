"""Blends that draw all that is random before they mix anything."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from .mixing import Mixture, mix
from .skeleton_blending import SkeletonBlending

__all__ = ['DrawnBlending']


class DrawnBlending(SkeletonBlending):
    """Base of the blends whose mixtures are a :class:`Mixture`.

    Args:
        num_classes (int): K, the number of classes.
        layout (str or dict): Skeleton layout with its body parts.
        keep_originals (bool): Whether the originals stay in front of the
            mixed samples (2N out). Defaults to True.
    """

    @abstractmethod
    def draw_mixture(self, clips: Tensor, label: Tensor) -> Mixture:
        """Draw what goes where, without mixing anything.

        Args:
            clips (Tensor): Skeletons, shape (N, M, T, V, C).
            label (Tensor): Target distributions, shape (N, K).

        Returns:
            Mixture: Partners, frames, weights and label shares.
        """

    def do_blending(  # type: ignore[override]
        self, imgs: Tensor, label: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mix every sample with a partner; see the base class."""
        out = imgs.new_empty(imgs.shape)
        return out, self.blend_into(out, imgs, label)

    def blend_into(self, out: Tensor, imgs: Tensor, label: Tensor) -> Tensor:
        """Mix straight into ``out``; see the base class."""
        clips = imgs.squeeze(1)
        mixture = self.draw_mixture(clips, label)
        mix(clips, mixture, out=out.squeeze(1))
        theirs = label.index_select(0, mixture.partner)
        return torch.lerp(label, theirs, mixture.share[:, None])
