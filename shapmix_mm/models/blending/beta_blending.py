"""What Mixup and Cut-Mix share: an extent drawn from a Beta distribution."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from shapmix_mm.skeletons import Layout

from .drawing import check_alpha, draw_mixup_share
from .mixture_blending import MixtureBlending

__all__ = ['BetaBlending']


class BetaBlending(MixtureBlending):
    r"""Base of the mixtures whose extent is Beta distributed.

    It follows :math:`\mathrm{Beta}(\alpha, \alpha)`, one for each sample.

    Args:
        num_classes (int): K, the number of classes.
        layout (str or dict): Skeleton layout with its body parts.
        alpha (float): Parameter of the Beta distribution. Defaults to 1.0.
        kwargs: ``keep_originals`` and ``prob``, see
            :class:`MixtureBlending`.
    """

    def __init__(
        self,
        num_classes: int,
        layout: str | dict | Layout,
        *,
        alpha: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, layout, **kwargs)
        self.alpha = check_alpha(alpha)

    def draw_extent(self, clips: Tensor) -> Tensor:
        """Draw one number for each sample.

        Args:
            clips (Tensor): Skeletons, shape (N, M, T, V, C).

        Returns:
            Tensor: float32, shape (N,).
        """
        return draw_mixup_share(len(clips), self.alpha, clips.device)
