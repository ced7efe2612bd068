"""BRL: weights by effective numbers, each class with a beta of its own."""

from __future__ import annotations

from typing import Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import BelowOne, NonNegative, Pair, Positive

from .class_losses import cross_entropies
from .longtail_loss import CountedLoss, SwitchMixin

__all__ = ['ClassAdaptiveLoss', 'adaptive_weights']


@MODELS.register_module()
class ClassAdaptiveLoss(SwitchMixin, CountedLoss):
    r"""Cross-entropy, late in the training with weights for the classes.

    .. math:: w_k \propto \frac{1 - \beta_k}{1 - \beta_k^{n_k}}, \quad
        \beta_k = \beta_{min} + (\beta_{max} - \beta_{min})
        \frac{n_k - n_{min}}{n_{max} - n_{min}}, \quad \sum_k w_k = K

    reduced as a mean with these weights. The largest class gets nearly the
    weight 1 / n, the rarest more than with one beta for all.
    ``TrainingProgressHook`` says when they begin. In evaluation mode it is
    cross-entropy. Source: Liu et al., Balanced Representation Learning for
    Long-tailed Skeleton-based Action Recognition. In its published code the
    betas are overwritten at each change of epoch, so that the weights are
    meant in every second epoch alone; here they stay.

    Args:
        betas (tuple[float, float]): Those of the rarest and of the largest
            class. Defaults to (0.99, 0.9999).
        start (float): Share of the training after which the weights are
            active. Defaults to 19 / 24, epoch 19 of 24.
        start_epoch (float, optional): Passes over the training data, instead
            of a share. Defaults to None.
        loss_weight (float): Factor on the mean. Defaults to 1.0.
        class_counts (Sequence[int], optional): Training samples per class.
            Defaults to None: ``ClassCountsHook`` takes them from the
            training dataset.
    """

    def __init__(
        self,
        betas: Pair = (0.99, 0.9999),
        *,
        start: BelowOne = 19 / 24,
        start_epoch: NonNegative | None = None,
        loss_weight: NonNegative = 1.0,
        class_counts: Sequence[Positive] | None = None,
    ) -> None:
        super().__init__(
            loss_weight, reduction='weights', class_counts=class_counts
        )
        if not all(0 < beta < 1 for beta in betas):
            raise ValueError(f'betas must lie between 0 and 1, got {betas}')
        self.betas = tuple(betas)
        self.init_switch(start, start_epoch)

    def class_losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy for every label; see the base."""
        return cross_entropies(logits)

    def class_weights(self, num_classes: int) -> Tensor | None:
        """The weights, once they are active; see the base."""
        if not (self.training and self.is_late):
            return None
        return adaptive_weights(self.counts_of(num_classes), *self.betas)


def adaptive_weights(counts: Tensor, low: float, high: float) -> Tensor:
    """Inverse effective numbers with a beta for each class, of mean one.

    Args:
        counts (Tensor): Positive numbers of samples, shape (K,).
        low (float): Beta of the rarest class.
        high (float): Beta of the largest class.

    Returns:
        Tensor: Weights, float64, shape (K,).
    """
    counts = counts.double()
    span = counts.max() - counts.min()
    # Without a span all weigh alike, whatever the betas.
    place = (counts - counts.min()) / span.clamp(min=torch.finfo().tiny)
    betas = low + (high - low) * place
    weights = (1 - betas) / -torch.expm1(counts * betas.log())
    return weights / weights.mean()
