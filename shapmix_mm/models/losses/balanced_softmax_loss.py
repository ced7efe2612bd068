"""Balanced Softmax cross-entropy."""

from __future__ import annotations

from typing import Sequence

import torch
import torch.nn.functional as F
from mmaction.models.losses import BaseWeightedLoss
from mmaction.registry import MODELS
from torch import Tensor

from ..class_counts import ClassCountsMixin

__all__ = ['BalancedSoftmaxLoss']


@MODELS.register_module()
class BalancedSoftmaxLoss(ClassCountsMixin, BaseWeightedLoss):
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
        super().__init__(loss_weight=loss_weight)
        self.register_lazy_buffers()
        if class_counts is not None:
            self.set_class_counts(class_counts)

    def _forward(self, cls_score: Tensor, label: Tensor) -> Tensor:
        """Mean loss of a batch.

        Args:
            cls_score (Tensor): Logits, shape (N, K).
            label (Tensor): Class indices, shape (N,), or distributions over
                the classes, shape (N, K).

        Returns:
            Tensor: Scalar, float32.

        Raises:
            ValueError: If the counts are unknown, or are those of another
                number of classes.
        """
        with torch.autocast(cls_score.device.type, enabled=False):
            logits = cls_score.float()
            if self.training:
                logits = logits + self._log_counts(logits.size(1))
            if label.shape == cls_score.shape:
                label = label.float()
            return F.cross_entropy(logits, label)

    def _log_counts(self, num_classes: int) -> Tensor:
        known = self.class_counts.numel()
        if known == 0:
            raise ValueError(
                'BalancedSoftmaxLoss has no class counts; add '
                "dict(type='ClassCountsHook') to custom_hooks or give "
                'class_counts=[...]'
            )
        if known != num_classes:
            raise ValueError(
                f'BalancedSoftmaxLoss has counts of {known} '
                f'classes, the logits have {num_classes}'
            )
        return self.class_counts.log()
