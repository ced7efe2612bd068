"""Balanced Softmax cross-entropy."""

from __future__ import annotations

from typing import Sequence

from mmaction.registry import MODELS

from .logit_adjusted_loss import LogitAdjustedLoss

__all__ = ['BalancedSoftmaxLoss']


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
        loss_weight: float = 1.0,
        class_counts: Sequence[int] | None = None,
    ) -> None:
        super().__init__(loss_weight=loss_weight, class_counts=class_counts)
