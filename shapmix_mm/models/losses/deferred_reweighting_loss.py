"""DRW: weigh the classes in the last part of the training only."""

from __future__ import annotations

from typing import Any, Literal, Sequence

from mmaction.models.losses import CrossEntropyLoss
from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import BelowOne, NonNegative, Positive

from .class_losses import cross_entropies
from .class_weights import effective_number_weights
from .longtail_loss import CountedLoss, LongTailLoss, SwitchMixin

__all__ = ['DeferredReweightingLoss', 'inner_loss']


class _PlainCrossEntropy(LongTailLoss):
    """What stands for MMAction2's own cross-entropy."""

    def class_losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy for every label; see the base."""
        return cross_entropies(logits)


@MODELS.register_module()
class DeferredReweightingLoss(SwitchMixin, CountedLoss):
    r"""Any of our losses, from some point on with weights for the classes.

    .. math:: L = \frac{\sum_i \sum_k w_k y_{ik} \ell_k(z_i)}
        {\sum_i \sum_k w_k y_{ik}}, \quad
        w_k \propto \frac{1 - \beta}{1 - \beta^{n_k}}

    Before that point all weights are 1. Weights that the inner loss has of
    its own are multiplied. ``TrainingProgressHook`` says where the training
    is. Source: Cao et al., Learning Imbalanced Datasets with
    Label-Distribution-Aware Margin Loss, NeurIPS 2019, Algorithm 1.

    Args:
        loss (dict): Config of the loss: one of ours, or
            ``CrossEntropyLoss``, which is the default.
        beta (float): In [0, 1). Defaults to 0.9999.
        start (float): Share of the training after which the weights are
            active. Defaults to 0.8, epoch 160 of 200.
        start_epoch (float, optional): Passes over the training data, instead
            of a share. Defaults to None.
        reduction (str): ``'weights'``, over the sum of the weights as in the
            published code, or ``'batch'``, over N. Defaults to 'weights'.
        loss_weight (float): Factor on the mean; that of the inner loss must
            stay 1. Defaults to 1.0.
        class_counts (Sequence[int], optional): Training samples per class,
            for the inner loss too. Defaults to None: ``ClassCountsHook``
            takes them from the training dataset.
    """

    def __init__(
        self,
        loss: dict | None = None,
        *,
        beta: BelowOne = 0.9999,
        start: BelowOne = 0.8,
        start_epoch: NonNegative | None = None,
        reduction: Literal['batch', 'weights'] = 'weights',
        loss_weight: NonNegative = 1.0,
        class_counts: Sequence[Positive] | None = None,
    ) -> None:
        super().__init__(loss_weight, reduction=reduction)
        self.beta = beta
        self.init_switch(start, start_epoch)
        self.loss = inner_loss(
            loss or dict(type='CrossEntropyLoss'), 'DeferredReweightingLoss'
        )
        if class_counts is not None:
            self.give_class_counts(class_counts)

    def set_class_counts(self, counts: Sequence[float] | Tensor) -> None:
        """Take over the counts, for the inner loss too; see the base."""
        super().set_class_counts(counts)
        if isinstance(self.loss, CountedLoss):
            self.loss.set_class_counts(counts)

    def class_losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Losses of the inner loss; see the base."""
        return self.loss.class_losses(logits, target)

    def class_weights(self, num_classes: int) -> Tensor | None:
        """Weights of the inner loss times the deferred; see the base."""
        inner = self.loss.class_weights(num_classes)
        if not (self.training and self.is_late):
            return inner
        counts = self.counts_of(num_classes)
        weights = effective_number_weights(counts, self.beta)
        return weights if inner is None else weights * inner


def inner_loss(cfg: dict, owner: str) -> LongTailLoss:
    """Build the loss inside another.

    Args:
        cfg (dict): Config of one of ours, or of ``CrossEntropyLoss``.
        owner (str): Name of the loss around it.

    Returns:
        LongTailLoss: The loss; for MMAction2's cross-entropy one that agrees.

    Raises:
        TypeError: If it is another loss.
        ValueError: If it has a weight of its own.
    """
    loss: Any = MODELS.build(cfg)
    if loss.loss_weight != 1:
        raise ValueError(
            f'the loss inside {owner} has loss_weight {loss.loss_weight}; '
            f'give it to {owner}'
        )
    if type(loss) is CrossEntropyLoss and loss.class_weight is None:
        return _PlainCrossEntropy()
    if not isinstance(loss, LongTailLoss):
        raise TypeError(
            f'{owner} takes one of the losses of shapmix_mm or a '
            f'CrossEntropyLoss without class_weight, got {type(loss).__name__}'
        )
    return loss
