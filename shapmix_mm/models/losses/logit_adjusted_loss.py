"""Logit adjustment and Balanced Softmax: relative to the prior's power."""

from __future__ import annotations

from typing import Sequence

from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import NonNegative, Positive

from .class_losses import cross_entropies
from .longtail_loss import CountedLoss

__all__ = ['BalancedSoftmaxLoss', 'LogitAdjustedLoss']


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
        tau: NonNegative = 1.0,
        *,
        loss_weight: NonNegative = 1.0,
        class_counts: Sequence[Positive] | None = None,
    ) -> None:
        super().__init__(loss_weight, class_counts=class_counts)
        self.tau = tau

    def class_losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy on the shifted logits; see the base."""
        if self.training:
            # The softmax does not see what N would subtract.
            log_counts = self.counts_of(logits.size(1)).log()
            logits = logits + self.tau * log_counts.to(logits)
        return cross_entropies(logits)


@MODELS.register_module()
class BalancedSoftmaxLoss(LogitAdjustedLoss):
    r"""Cross-entropy on logits shifted by the log of the class counts.

    .. math:: \ell(z, y) = -\sum_k y_k \log
        \frac{n_k e^{z_k}}{\sum_j n_j e^{z_j}}

    The shift belongs to training alone: in evaluation mode this is plain
    cross-entropy, and the scores of the model are never shifted. Computed in
    float32, also under automatic mixed precision. Source: Ren et al.,
    Balanced Meta-Softmax, NeurIPS 2020, Eq. 3.

    Args:
        loss_weight (float): Factor on the mean over the batch. A blend that
            keeps the originals beside the mixed samples trains on 2N
            samples; weight 2 makes that the sum of the two means, as in the
            paper. Defaults to 1.0.
        class_counts (Sequence[int], optional): Training samples per class.
            Defaults to None: ``ClassCountsHook`` takes them from the
            training dataset.
    """

    def __init__(
        self,
        loss_weight: NonNegative = 1.0,
        class_counts: Sequence[Positive] | None = None,
    ) -> None:
        super().__init__(loss_weight=loss_weight, class_counts=class_counts)
