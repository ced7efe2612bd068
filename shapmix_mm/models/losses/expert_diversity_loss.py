"""RIDE: a loss for each expert, and a term that drives them apart."""

from __future__ import annotations

from typing import Any, ClassVar, Sequence

import torch
from mmaction.models.losses import BaseWeightedLoss
from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import Fraction, NonNegative, Positive

from ..class_counts import ClassCountsMixin
from .deferred_reweighting_loss import inner_loss

__all__ = ['ExpertDiversityLoss']


@MODELS.register_module()
class ExpertDiversityLoss(ClassCountsMixin, BaseWeightedLoss):
    r"""Sum over the experts of a loss and of their distance from the mean.

    .. math:: L = \sum_e \Big[ \ell(z_e, y) + \lambda\, \bar T^2\,
        \mathrm{KL}\big(\mathrm{softmax}(\bar z / T) \,\|\,
        \mathrm{softmax}(z_e / T)\big) \Big], \quad
        \bar z = \frac{1}{E} \sum_e z_e

    A negative :math:`\lambda` drives the experts apart. The mean scores have
    no gradient. T is :math:`T_0` for all classes as long as the inner loss
    has not switched, and :math:`T_k = T_0 v_k / \max_j v_j` afterwards, with
    :math:`v_k = K \pi_k r + 1 - r`: rare classes get the lower temperatures.
    An inner loss that never switches keeps :math:`T_0`. Source: Wang et al.,
    Long-tailed Recognition by Routing Diverse Distribution-Aware Experts,
    ICLR 2021, and its published code.

    Args:
        loss (dict): Config of the loss of one expert: one of ours, or
            ``CrossEntropyLoss``. Defaults to None: LDAM-DRW.
        diversity (float): :math:`\lambda`. Defaults to -0.2.
        temperature (float): :math:`T_0`. Defaults to 1.0.
        reweighting (float): r, how far the temperatures follow the class
            frequencies. Defaults to 0.05.
        collaborative (bool): Whether the inner loss of every expert sees the
            mean scores; published code does so where :math:`\lambda` is
            exactly 0. Defaults to False.
        loss_weight (float): Factor on the sum; that of the inner loss must
            stay 1. Defaults to 1.0.
        class_counts (Sequence[int], optional): Training samples per class,
            for the inner loss too. Defaults to None: ``ClassCountsHook``
            takes them from the training dataset.
    """

    needs_class_counts: ClassVar[bool] = True

    def __init__(
        self,
        loss: dict | None = None,
        *,
        diversity: float = -0.2,
        temperature: Positive = 1.0,
        reweighting: Fraction = 0.05,
        collaborative: bool = False,
        loss_weight: NonNegative = 1.0,
        class_counts: Sequence[Positive] | None = None,
    ) -> None:
        super().__init__(loss_weight=loss_weight)
        self.register_lazy_buffers()
        self.diversity = diversity
        self.temperature = temperature
        self.reweighting = reweighting
        self.collaborative = collaborative
        self.loss = inner_loss(
            loss
            or dict(
                type='DeferredReweightingLoss', loss=dict(type='LDAMLoss')
            ),
            'ExpertDiversityLoss',
        )
        if class_counts is not None:
            self.give_class_counts(class_counts)

    def set_class_counts(self, counts: Sequence[float] | Tensor) -> None:
        """Take over the counts, for the inner loss too; see the base."""
        super().set_class_counts(counts)
        if isinstance(self.loss, ClassCountsMixin):
            self.loss.set_class_counts(counts)

    def temperatures(self, num_classes: int) -> Tensor:
        """Temperatures of the classes at this point of the training.

        Args:
            num_classes (int): Number of classes K.

        Returns:
            Tensor: float64, shape (K,).
        """
        counts = self.class_counts.double()
        if not getattr(self.loss, 'is_late', False):
            return counts.new_full((num_classes,), self.temperature)
        share = counts * (num_classes / counts.sum())
        weights = share * self.reweighting + 1 - self.reweighting
        return self.temperature * weights / weights.max()

    def _forward(self, cls_score: Tensor, label: Tensor) -> Any:
        """Losses of a batch.

        Args:
            cls_score (Tensor): Scores of the experts, shape (E, N, K); or
                mean scores, shape (N, K), in evaluation.
            label (Tensor): Class indices, shape (N,), or distributions over
                the classes, shape (N, K).

        Returns:
            dict or Tensor: ``loss_cls`` and ``loss_diversity``, and the
            loss of each expert for the log; of mean scores the inner loss.
        """
        if cls_score.ndim == 2:
            return self.loss(cls_score, label)
        with torch.autocast(cls_score.device.type, enabled=False):
            scores = cls_score.to(
                torch.promote_types(cls_score.dtype, torch.float32)
            )
            seen = [scores.mean(0)] * len(scores)
            each = [
                self.loss(z, label)
                for z in (seen if self.collaborative else scores)
            ]
            return dict(
                loss_cls=torch.stack(each).sum(),
                loss_diversity=self.diversity * self._distance(scores),
                **{f'expert{e}': loss.detach() for e, loss in enumerate(each)},
            )

    def _distance(self, scores: Tensor) -> Tensor:
        """Distances of the experts from their mean, summed over experts."""
        scale = self.temperatures(scores.size(2)).to(scores)
        mean = (scores.mean(0).detach() / scale).log_softmax(1)
        each = (scores / scale).log_softmax(2)
        distance = (mean.exp() * (mean - each)).sum((0, 2)).mean()
        return scale.mean() ** 2 * distance
