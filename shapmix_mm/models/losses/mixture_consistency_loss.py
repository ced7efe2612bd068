"""GLMC: plain and weighted labels, and agreement of two mixtures."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Sequence

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import NonNegative, Positive

from .class_losses import cross_entropies
from .class_weights import inverse_frequency_weights
from .longtail_loss import CountedLoss

__all__ = ['MixtureConsistencyLoss']


@MODELS.register_module()
class MixtureConsistencyLoss(CountedLoss):
    r"""Two classifiers whose shares move in the training, and consistency.

    .. math:: L = \alpha_e \sum_v S(z^{plain}_v, Y)
        + (1 - \alpha_e) \sum_v S(z_v, w \odot Y)
        - c\, [\cos(p_g, \bar z_l) + \cos(p_l, \bar z_g)], \quad
        \alpha_e = 1 - (e / E)^2

    over the global and the local mixture v, with S the mean cross-entropy
    over the batch, :math:`w_k \propto n_k^{-q}` with mean one, p the
    predicted and :math:`\bar z` the projected embeddings without a gradient,
    and e the passes over the data that are done, of E. Weighted labels are
    divided by the batch size, not by the sum of their weights.
    ``TrainingProgressHook`` tells e. In evaluation mode it is cross-entropy
    of z. Source: Du et al., Global and Local Mixture Consistency Cumulative
    Learning for Long-tailed Visual Recognitions, CVPR 2023.

    Args:
        consistency (float): c. Defaults to 10.0.
        power (float): q, exponent of the class weights. Defaults to 1.0.
        loss_weight (float): Factor on all terms. Defaults to 1.0.
        class_counts (Sequence[int], optional): Training samples per class.
            Defaults to None: ``ClassCountsHook`` takes them from the
            training dataset.
    """

    needs_progress: ClassVar[bool] = True
    needs_hook: ClassVar[str] = 'TrainingProgressHook'

    def __init__(
        self,
        consistency: NonNegative = 10.0,
        *,
        power: float = 1.0,
        loss_weight: NonNegative = 1.0,
        class_counts: Sequence[Positive] | None = None,
    ) -> None:
        super().__init__(loss_weight, class_counts=class_counts)
        self.consistency = consistency
        self.power = power
        self._plain_share: float | None = None

    def set_progress(
        self, iteration: int, *, total: int, iters_per_pass: float
    ) -> None:
        """Take over how far the training is.

        Args:
            iteration (int): Index of the step about to be made, from 0.
            total (int): Steps of the whole training.
            iters_per_pass (float): Steps of one pass over the data.
        """
        # A pass that ends within a batch makes the quotient a fraction.
        done = math.floor(iteration / iters_per_pass + 1e-6)
        self._plain_share = 1 - (done * iters_per_pass / total) ** 2

    @property
    def plain_share(self) -> float:
        """float: alpha, the share of the plain classifier.

        Raises:
            ValueError: If nobody has told how far the training is.
        """
        if self._plain_share is None:
            raise ValueError(
                f'{type(self).__name__} does not know how far the training '
                "is; add dict(type='TrainingProgressHook') to custom_hooks"
            )
        return self._plain_share

    def class_losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy for every label; see the base."""
        return cross_entropies(logits)

    def _forward(
        self, cls_score: Tensor, label: Tensor, **parts: Tensor
    ) -> Any:
        """Losses of a batch.

        Args:
            cls_score (Tensor): Scores for the weighted labels of both
                mixtures, shape (2, N, K); in evaluation (N, K).
            label (Tensor): Labels of both mixtures, shape (N,) or (N, K).
            **parts: ``plain``, scores for the plain labels, shape (2, N, K);
                ``embedded`` and ``predicted``, shape (2, N, d).

        Returns:
            dict or Tensor: ``loss_plain``, ``loss_weighted`` and
            ``loss_consistency``; in evaluation the loss.
        """
        if cls_score.ndim == 2:
            return super()._forward(cls_score, label)
        with torch.autocast(cls_score.device.type, enabled=False):
            scores, plain, embedded, predicted = (
                x.to(torch.promote_types(x.dtype, torch.float32))
                for x in (
                    *(cls_score, parts['plain']),
                    *(parts['embedded'], parts['predicted']),
                )
            )
            target = self._target(scores[0], label)
            counts = self.counts_of(scores.size(2))
            weights = inverse_frequency_weights(counts, self.power)
            share = self.plain_share
            agreement = F.cosine_similarity(
                predicted, embedded.detach().flip(0), dim=2
            )
            return dict(
                loss_plain=share * _soft(plain, target),
                loss_weighted=(1 - share)
                * _soft(scores, target * weights.to(target)),
                loss_consistency=-self.consistency * agreement.mean(1).sum(),
            )


def _soft(scores: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of both mixtures, each a mean over the batch, added."""
    return -(target * scores.log_softmax(2)).sum(2).mean(1).sum()
