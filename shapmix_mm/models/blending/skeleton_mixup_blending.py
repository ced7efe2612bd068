"""Mixup: convex combinations of whole skeleton sequences."""

from __future__ import annotations

from typing import ClassVar

from mmaction.registry import MODELS
from torch import Tensor

from .beta_blending import BetaBlending
from .mixing import Cells, whole_cells

__all__ = ['SkeletonMixupBlending']


@MODELS.register_module()
class SkeletonMixupBlending(BetaBlending):
    r"""Mixup of skeletons (Zhang et al., 2018; Shap-Mix paper, Sec. 3.1).

    .. math:: \tilde x = \lambda x_i + (1 - \lambda) x_j, \quad
        \tilde y = \lambda y_i + (1 - \lambda) y_j, \quad
        \lambda \sim \mathrm{Beta}(\alpha, \alpha)

    Every cell is mixed, also of a person who is absent in one of the two: the
    zeros that stand for it make the other one smaller, as in the published
    form. The published code draws one :math:`\lambda` for the batch and lets
    a sample be its own partner; here each sample has its own, and another
    sample for a partner.

    Args:
        num_classes (int): K, the number of classes.
        layout (str or dict): Skeleton layout with its body parts.
        alpha (float): Parameter of the Beta distribution. Defaults to 1.0.
        kwargs: ``keep_originals`` and ``prob``, see
            :class:`MixtureBlending`.
    """

    is_mixup: ClassVar[bool] = True

    def draw_weights(
        self, clips: Tensor, label: Tensor, partner: Tensor
    ) -> tuple[Cells, Tensor]:
        """Draw one share for each sample, of its cells and of its label.

        Args:
            clips (Tensor): Skeletons, shape (N, M, T, V, C).
            label (Tensor): Target distributions, shape (N, K).
            partner (Tensor): Index of each sample's partner, shape (N,).

        Returns:
            tuple[Cells, Tensor]: Cells and shares, shape (N,).
        """
        share = self.draw_extent(clips)
        return whole_cells(clips, share), share
