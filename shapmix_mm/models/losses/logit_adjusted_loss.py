"""Logit adjustment: cross-entropy relative to a power of the prior."""

from __future__ import annotations

from typing import Sequence

from mmaction.registry import MODELS
from torch import Tensor

from .class_losses import cross_entropies
from .longtail_loss import CountedLoss

__all__ = ['LogitAdjustedLoss']


@MODELS.register_module()
class LogitAdjustedLoss(CountedLoss):
    r"""Cross-entropy on logits shifted by tau times the log prior.

    .. math:: \ell(z, y) = -\sum_k y_k \log
        \frac{\pi_k^\tau e^{z_k}}{\sum_j \pi_j^\tau e^{z_j}}, \quad
        \pi_k = n_k / N

    With tau 1 it is Balanced Softmax. The shift belongs to training alone.
    Reduced by the mean over the batch. Source: Menon et al., Long-tail
    learning via logit adjustment, ICLR 2021, Eq. 10.

    Args:
        tau (float): Exponent of the prior; 0 is cross-entropy. Defaults to
            1.0.
        loss_weight (float): Factor on the mean over the batch. Defaults to
            1.0.
        class_counts (Sequence[int], optional): Training samples per class.
            Defaults to None: ``ClassCountsHook`` takes them from the
            training dataset.
    """

    def __init__(
        self,
        tau: float = 1.0,
        *,
        loss_weight: float = 1.0,
        class_counts: Sequence[int] | None = None,
    ) -> None:
        super().__init__(loss_weight, class_counts=class_counts)
        if not tau >= 0:
            raise ValueError(
                f'tau of {type(self).__name__} must be at least 0, got {tau}'
            )
        self.tau = tau

    def class_losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy on the shifted logits; see the base."""
        if self.training:
            # The softmax does not see what N would subtract.
            log_counts = self.counts_of(logits.size(1)).log()
            logits = logits + self.tau * log_counts.to(logits)
        return cross_entropies(logits)
