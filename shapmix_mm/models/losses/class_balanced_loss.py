"""Class-balanced loss: weights by the effective number of samples."""

from __future__ import annotations

from typing import Literal, Sequence

from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import BelowOne, NonNegative, Positive

from .class_losses import LOSS_FORMS
from .class_weights import effective_number_weights
from .longtail_loss import CountedLoss

__all__ = ['ClassBalancedLoss']


@MODELS.register_module()
class ClassBalancedLoss(CountedLoss):
    r"""Cross-entropy or focal loss, weighted from the first step on.

    .. math:: w_k = \frac{1 - \beta}{1 - \beta^{n_k}} \text{ times a constant
        so that } \sum_k w_k = K

    The default reduction is the mean over the batch of the weighted terms, as
    in the published code. Source: Cui et al., Class-Balanced Loss Based on
    Effective Number of Samples, CVPR 2019.

    Args:
        beta (float): In [0, 1); 0 weighs all classes alike. Defaults to
            0.9999.
        form (str): ``'softmax'``, cross-entropy; ``'focal'``, focal loss of
            the softmax; ``'sigmoid_focal'``, the published focal form, with
            one sigmoid per class, whose head wants a bias of -log(K - 1) to
            start from. Defaults to 'softmax'.
        gamma (float): Exponent of the focal forms. Defaults to 1.0.
        reduction (str): ``'batch'``, or ``'weights'``, over the sum of the
            weights. Defaults to 'batch'.
        loss_weight (float): Factor on the mean. Defaults to 1.0.
        class_counts (Sequence[int], optional): Training samples per class.
            Defaults to None: ``ClassCountsHook`` takes them from the
            training dataset.
    """

    def __init__(
        self,
        beta: BelowOne = 0.9999,
        *,
        form: Literal['softmax', 'focal', 'sigmoid_focal'] = 'softmax',
        gamma: NonNegative = 1.0,
        reduction: Literal['batch', 'weights'] = 'batch',
        loss_weight: NonNegative = 1.0,
        class_counts: Sequence[Positive] | None = None,
    ) -> None:
        super().__init__(
            loss_weight, reduction=reduction, class_counts=class_counts
        )
        self.beta = beta
        self.form = form
        self.gamma = gamma

    def class_losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Losses of the form for every label; see the base."""
        return LOSS_FORMS[self.form](logits, self.gamma)

    def class_weights(self, num_classes: int) -> Tensor | None:
        """Weights by effective number of samples; see the base."""
        if not self.training:
            return None
        counts = self.counts_of(num_classes)
        return effective_number_weights(counts, self.beta)
