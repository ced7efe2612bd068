"""Remix: Mixup whose label leans towards the rarer class."""

from __future__ import annotations

from typing import Any

import torch
from mmaction.registry import MODELS
from pydantic import Field
from torch import Tensor
from typing_extensions import Annotated

from shapmix_mm.arguments import Fraction

from ..class_counts import ClassCountsMixin
from .beta_blending import SkeletonMixupBlending
from .mixing import Cells

__all__ = ['RemixBlending']

AboveOne = Annotated[float, Field(gt=1)]


@MODELS.register_module()
class RemixBlending(ClassCountsMixin, SkeletonMixupBlending):
    r"""Mixup of the skeletons, a label in favour of the rarer class.

    The sample i has the weight :math:`\lambda` in the input, its partner j
    has :math:`1 - \lambda`. In the label, i has

    .. math:: \lambda_y = \begin{cases}
        0 & n_i / n_j \ge \kappa,\ \lambda < \tau \\
        1 & n_i / n_j \le 1 / \kappa,\ 1 - \lambda < \tau \\
        \lambda & \text{otherwise} \end{cases}

    where n are the training samples of the two classes: a class at least
    :math:`\kappa` times as rare takes the whole label as long as its own
    share of the input exceeds :math:`1 - \tau`. Source: Chou et al., Remix:
    Rebalanced Mixup, ECCV workshops 2020; no official code was found, the
    cases and defaults are those on which two unofficial versions agree. The
    class of a soft label is its largest entry. The weights of Remix-DRW
    belong to the loss.

    Args:
        args (tuple): ``num_classes`` and ``layout``, see
            :class:`SkeletonBlending`.
        kappa (float): Ratio of counts from which on the label leans.
            Defaults to 3.0.
        tau (float): Bound on the share in the input of the more frequent
            class. Defaults to 0.5.
        kwargs (dict): Arguments of :class:`SkeletonMixupBlending`.
    """

    def __init__(
        self,
        *args: Any,
        kappa: AboveOne = 3.0,
        tau: Fraction = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kappa = kappa
        self.tau = tau
        self.register_lazy_buffers()

    def draw_weights(
        self, clips: Tensor, label: Tensor, partner: Tensor
    ) -> tuple[Cells, Tensor]:
        """Draw Mixup's weights, and let the label lean; see the base.

        Raises:
            ValueError: If the class counts are unknown.
        """
        own = self.known_counts()[label.argmax(1)]
        cells, share = super().draw_weights(clips, label, partner)
        return cells, self.lean(share, own, own[partner])

    def lean(self, share: Tensor, own: Tensor, other: Tensor) -> Tensor:
        """Turn shares of the input into shares of the label.

        Args:
            share (Tensor): Partner's share of the input, 1 - lambda, shape
                (N,).
            own (Tensor): Training samples of the sample's class, shape (N,).
            other (Tensor): Those of the partner's class, shape (N,).

        Returns:
            Tensor: Partner's share of the label, shape (N,).
        """
        to_partner = (own >= self.kappa * other) & (1 - share < self.tau)
        to_own = (self.kappa * own <= other) & (share < self.tau)
        leant = torch.where(to_partner, torch.ones_like(share), share)
        return torch.where(to_own, torch.zeros_like(share), leant)
