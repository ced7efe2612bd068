"""Influence-balanced loss: over how much a sample moves the classifier."""

from __future__ import annotations

from typing import ClassVar, Sequence

from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import BelowOne, NonNegative, Positive

from .class_losses import cross_entropies
from .class_weights import inverse_frequency_weights
from .longtail_loss import CountedLoss, SwitchMixin

__all__ = ['InfluenceBalancedLoss']


@MODELS.register_module()
class InfluenceBalancedLoss(SwitchMixin, CountedLoss):
    r"""Cross-entropy at first, then over each sample's influence.

    .. math:: F_i = \lVert p_i - y_i \rVert_1 \lVert h_i \rVert_1, \quad
        L = \frac{1}{N} \sum_i \frac{\alpha}{F_i + \epsilon}
        \sum_k w_k y_{ik} (-\log p_{ik}), \quad w_k \propto n_k^{-q}

    h is what the classifier sees; ``FeatureGCNHead`` hands it over, and
    ``TrainingProgressHook`` says when the first phase is over. In evaluation
    mode it is cross-entropy. Source: Park et al., Influence-Balanced Loss for
    Imbalanced Visual Classification, ICCV 2021.

    Args:
        alpha (float, optional): Factor on the inverse influence. Published
            code uses 1000 together with a learning rate that drops to a
            hundredth at the switch. Defaults to None: the mean influence of
            the batch, so that the gradient keeps its size at the switch and
            the schedule needs no change.
        epsilon (float): Added to the influence. Defaults to 1e-3.
        start (float): Share of the training after which it is active.
            Defaults to 0.5.
        start_epoch (float, optional): Passes over the training data, instead
            of a share. Defaults to None.
        power (float): q, exponent of the class weights. Defaults to 1.0.
        detach (bool): Whether the factor is a weight, without a gradient;
            published code lets it have one. Defaults to True.
        loss_weight (float): Factor on the mean over the batch. Defaults to
            1.0.
        class_counts (Sequence[int], optional): Training samples per class.
            Defaults to None: ``ClassCountsHook`` takes them from the
            training dataset.
    """

    needs_features: ClassVar[bool] = True

    def __init__(
        self,
        alpha: Positive | None = None,
        *,
        epsilon: Positive = 1e-3,
        start: BelowOne = 0.5,
        start_epoch: NonNegative | None = None,
        power: float = 1.0,
        detach: bool = True,
        loss_weight: NonNegative = 1.0,
        class_counts: Sequence[Positive] | None = None,
    ) -> None:
        super().__init__(loss_weight, class_counts=class_counts)
        self.init_switch(start, start_epoch)
        self.alpha = alpha
        self.epsilon = epsilon
        self.power = power
        self.detach = detach
        self._features: Tensor | None = None

    def set_features(self, features: Tensor) -> None:
        """Take over the classifier's input for the batch to come.

        Args:
            features (Tensor): Shape (N, D).
        """
        self._features = features

    def class_losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy times the sample's factor; see the base."""
        features, self._features = self._features, None
        losses = cross_entropies(logits)
        if not self.training:
            return losses
        # Long before the switch, when little training time is lost yet.
        if features is None or len(features) != len(logits):
            raise ValueError(
                'InfluenceBalancedLoss needs the features of the batch; use '
                "cls_head=dict(type='FeatureGCNHead')"
            )
        if not self.is_late:
            return losses
        factor = self._factor(logits, target, features.to(logits.dtype))
        return losses * factor[:, None]

    def class_weights(self, num_classes: int) -> Tensor | None:
        """Inverse frequencies after the switch; see the base."""
        if not (self.training and self.is_late):
            return None
        counts = self.counts_of(num_classes)
        return inverse_frequency_weights(counts, self.power)

    def _factor(
        self, logits: Tensor, target: Tensor, features: Tensor
    ) -> Tensor:
        error = (logits.softmax(1) - target).abs().sum(1)
        influence = error * features.abs().sum(1)
        if self.detach:
            influence = influence.detach()
        alpha = self.alpha
        if alpha is None:
            return influence.detach().mean() / (influence + self.epsilon)
        return alpha / (influence + self.epsilon)
