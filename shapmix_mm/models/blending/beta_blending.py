"""Mixup and Cut-Mix: an extent drawn from a Beta distribution."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import Positive

from .drawing import draw_mixup_share
from .mixing import Cells, whole_cells
from .mixture_blending import MixtureBlending, paste_in_place

__all__ = ['BetaBlending', 'SkeletonCutMixBlending', 'SkeletonMixupBlending']


class BetaBlending(MixtureBlending):
    r"""Base of the mixtures whose extent is Beta distributed.

    It follows :math:`\mathrm{Beta}(\alpha, \alpha)`, one for each sample.

    Args:
        args (tuple): ``num_classes`` and ``layout``, see
            :class:`SkeletonBlending`.
        alpha (float): Parameter of the Beta distribution. Defaults to 1.0.
        kwargs (dict): ``keep_originals`` and ``prob``, see
            :class:`MixtureBlending`.
    """

    def __init__(
        self, *args: Any, alpha: Positive = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.alpha = alpha

    def draw_extent(self, clips: Tensor) -> Tensor:
        """Draw one number for each sample.

        Args:
            clips (Tensor): Skeletons, shape (N, M, T, V, C).

        Returns:
            Tensor: float32, shape (N,).
        """
        return draw_mixup_share(len(clips), self.alpha, clips.device)


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
        args (tuple): ``num_classes`` and ``layout``, see
            :class:`SkeletonBlending`.
        alpha (float): Parameter of the Beta distribution. Defaults to 1.0.
        kwargs (dict): ``keep_originals`` and ``prob``, see
            :class:`MixtureBlending`.
    """

    is_mixup: ClassVar[bool] = True

    def draw_weights(
        self, clips: Tensor, label: Tensor, partner: Tensor
    ) -> tuple[Cells, Tensor]:
        """Draw one share of cells and label for each sample; see the base."""
        share = self.draw_extent(clips)
        return whole_cells(clips, share), share


@MODELS.register_module()
class SkeletonCutMixBlending(BetaBlending):
    r"""Cut-Mix of skeletons (Yun et al., 2019; Shap-Mix paper, Sec. 3.1).

    The plane of the box is frames x joints, the joints in the order of their
    numbers. With :math:`a \sim \mathrm{Beta}(\alpha, \alpha)` its sides are
    :math:`\sqrt a\, T` and :math:`\sqrt a\, V`, rounded, its centre is
    uniform, and what lies outside is cut off. The label follows the cells
    really pasted, of persons present in both samples. The Shap-Mix paper
    does not say what mask its Cut-Mix row has; this is the published form
    for images with joints for columns.

    MMAction2's ``CutmixBlending`` cuts the last two axes, which in a batch
    of skeletons are joints x coordinates.

    Args:
        args (tuple): ``num_classes`` and ``layout``, see
            :class:`SkeletonBlending`.
        alpha (float): Parameter of the Beta distribution. Defaults to 1.0.
        kwargs (dict): ``keep_originals`` and ``prob``, see
            :class:`MixtureBlending`.
    """

    def draw_weights(
        self, clips: Tensor, label: Tensor, partner: Tensor
    ) -> tuple[Cells, Tensor]:
        """Draw a box for each sample; see the base."""
        area = self.draw_extent(clips)
        frames = _draw_side(area.sqrt(), clips.size(2))
        joints = _draw_side(area.sqrt(), clips.size(3))
        return paste_in_place(clips, partner, frames, joints)


def _draw_side(ratio: Tensor, size: int) -> Tensor:
    """Cells of an interval about a uniform centre, bool, shape (N, size)."""
    length = (ratio * size).round()[:, None]
    centre = torch.randint(size, length.shape, device=ratio.device)
    step = torch.arange(size, device=ratio.device) - centre
    first = -(length / 2).floor()
    return (step >= first) & (step < first + length)
