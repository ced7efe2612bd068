"""Focal loss over the classes of single-label recognition."""

from __future__ import annotations

from typing import Literal

from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import NonNegative

from .class_losses import LOSS_FORMS
from .longtail_loss import LongTailLoss

__all__ = ['FocalLoss']


@MODELS.register_module()
class FocalLoss(LongTailLoss):
    r"""Cross-entropy that turns away from well recognized samples.

    .. math:: \ell(z, y) = -\sum_k y_k (1 - p_k)^\gamma \log p_k

    Reduced by the mean over the batch. Source: Lin et al., Focal Loss for
    Dense Object Detection, ICCV 2017, Eq. 4, in the softmax form that the
    long-tailed literature uses.

    Args:
        gamma (float): Focusing exponent; 0 is cross-entropy. Defaults to 2.0.
        form (str): ``'focal'``, of the softmax; ``'sigmoid_focal'``, one
            sigmoid per class, summed over the classes, whose head wants a
            bias of -log(K - 1) to start from. Defaults to 'focal'.
        loss_weight (float): Factor on the mean over the batch. Defaults to
            1.0.
    """

    def __init__(
        self,
        gamma: NonNegative = 2.0,
        *,
        form: Literal['focal', 'sigmoid_focal'] = 'focal',
        loss_weight: NonNegative = 1.0,
    ) -> None:
        super().__init__(loss_weight=loss_weight)
        self.gamma = gamma
        self.form = form

    def class_losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Focal loss for every label; see the base."""
        return LOSS_FORMS[self.form](logits, self.gamma)
