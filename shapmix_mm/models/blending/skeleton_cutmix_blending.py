"""Cut-Mix: a box of joints x frames from the partner."""

from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor

from .beta_blending import BetaBlending
from .mixing import Cells
from .mixture_blending import paste_in_place

__all__ = ['SkeletonCutMixBlending']


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
        num_classes (int): K, the number of classes.
        layout (str or dict): Skeleton layout with its body parts.
        alpha (float): Parameter of the Beta distribution. Defaults to 1.0.
        kwargs: ``keep_originals`` and ``prob``, see
            :class:`MixtureBlending`.
    """

    def draw_weights(
        self, clips: Tensor, label: Tensor, partner: Tensor
    ) -> tuple[Cells, Tensor]:
        """Draw a box for each sample.

        Args:
            clips (Tensor): Skeletons, shape (N, M, T, V, C).
            label (Tensor): Target distributions, shape (N, K).
            partner (Tensor): Index of each sample's partner, shape (N,).

        Returns:
            tuple[Cells, Tensor]: Cells and shares, shape (N,).
        """
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
