"""Supervised contrast with the classes in it: PaCo and BCL."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Sequence

import torch
import torch.nn.functional as F
from mmaction.models.losses import BaseWeightedLoss
from mmaction.registry import MODELS
from mmengine import dist
from torch import Tensor

from shapmix_mm.arguments import NonNegative, Positive, PositiveInt

from .class_losses import cross_entropies
from .longtail_loss import CountedLoss

__all__ = ['BalancedContrastiveLoss', 'ParametricContrastiveLoss']

#: Length of a queue that nobody gave one, if the data have so many samples.
QUEUE = 1024


def unit_length(rows: Tensor) -> Tensor:
    """Scale rows to unit length, in float32 at least.

    Args:
        rows (Tensor): Shape (N, d).

    Returns:
        Tensor: Shape (N, d).
    """
    with torch.autocast(rows.device.type, enabled=False):
        return F.normalize(_wide(rows), dim=1)


def check_hard(labels: Tensor, owner: str) -> None:
    """Refuse labels that are no classes.

    Args:
        labels (Tensor): Labels of a batch.
        owner (str): Name of the loss.

    Raises:
        ValueError: If they are soft.
    """
    if labels.ndim != 1:
        raise ValueError(
            f'{owner} needs one class for each sample, got labels of shape '
            f'{tuple(labels.shape)}; it does not go with a blend or with '
            'label smoothing'
        )


@MODELS.register_module()
class BalancedContrastiveLoss(BaseWeightedLoss):
    r"""Supervised contrast in which every class counts alike (BCL).

    .. math:: L_i = -\frac{1}{|P_i|} \sum_{p \in P_i} \log
        \frac{e^{s_{ip}}}{\sum_{a \neq i} e^{s_{ia}} / \omega_{ia}}, \quad
        s_{ia} = f_i \cdot f_a / T

    The columns a are two embeddings of each sample and a prototype of each
    class, P are those of the anchor's class without itself, and
    :math:`\omega_{ia}` is how many columns the class of a has, one less in
    the anchor's own class: the mean of the exponentials in each class, of all
    K classes. Anchors are the embeddings of this rank, contrasted with each
    other; that counts are those of the rank's batch changes no formula.
    Computed in float32 at least. Source: Zhu et al., Balanced Contrastive
    Learning for Long-Tailed Visual Recognition, CVPR 2022.

    Args:
        temperature (float): T. Defaults to 0.07.
        loss_weight (float): Factor on the mean over the anchors. Defaults to
            1.0.
    """

    def __init__(
        self, temperature: Positive = 0.07, *, loss_weight: NonNegative = 1.0
    ) -> None:
        super().__init__(loss_weight=loss_weight)
        self.temperature = temperature

    def _forward(
        self, embedded: Tensor, prototypes: Tensor, labels: Tensor
    ) -> Tensor:
        """Loss of a batch.

        Args:
            embedded (Tensor): Embeddings of two views at unit length, shape
                (2, N, d).
            prototypes (Tensor): Those of the classes, shape (K, d).
            labels (Tensor): Classes, shape (N,).

        Returns:
            Tensor: Scalar.

        Raises:
            ValueError: If the labels are soft.
        """
        check_hard(labels, type(self).__name__)
        with torch.autocast(embedded.device.type, enabled=False):
            anchors = _wide(embedded.flatten(0, 1))
            columns = torch.cat([anchors, prototypes.to(anchors)])
            scores = anchors @ columns.t() / self.temperature
            own = labels.repeat(2)
            classes = torch.arange(len(prototypes), device=labels.device)
            kinds = torch.cat([own, classes])
            counts = F.one_hot(kinds, len(prototypes)).sum(0)
            myself = torch.eye(
                *scores.shape, dtype=torch.bool, device=labels.device
            )
            positive = (own[:, None] == kinds) & ~myself
            weight = (counts[kinds] - positive.long()).to(scores)
            shares = (scores - weight.log()).masked_fill(myself, -math.inf)
            total = shares.logsumexp(1)
            wanted = (scores * positive).sum(1) / positive.sum(1)
            return (total - wanted).mean()


@MODELS.register_module()
class ParametricContrastiveLoss(CountedLoss):
    r"""Contrast in one softmax with the classifier's scores (PaCo).

    .. math:: L_i = -\frac{\beta \log p(y_i) + \alpha \sum_{a \in P_i}
        \log p(a)}{\beta + \alpha |P_i|}, \quad
        \log p(\cdot) = \mathrm{logit} - \log \Big( \sum_k e^{c_{ik}} +
        \gamma \sum_{a \neq i} e^{s_{ia}} \Big)

    with :math:`c_{ik} = (z_{ik} + \log \pi_k) / t` and
    :math:`s_{ia} = q_i \cdot a / T`. The contrast set are the other queries
    and all keys of the rank, and a queue of keys that all ranks have
    delivered in the steps before; P are those of the anchor's class. The
    gradient reaches queries and scores. Computed in float32 at least; in
    evaluation mode it is cross-entropy of the scores.

    The queue is state: it lies in the checkpoint, equal on all ranks. It
    starts empty, where published code fills it with noise of random classes.
    Source: Cui et al., Parametric Contrastive Learning, ICCV 2021.

    Args:
        alpha (float): :math:`\alpha`, weight of the contrast. Defaults to
            0.05.
        beta (float): :math:`\beta`, weight of the class. Defaults to 1.0.
        gamma (float): :math:`\gamma`. Defaults to 1.0.
        temperature (float): T. Defaults to 0.2.
        class_temperature (float): t. Defaults to 1.0.
        base_temperature (float, optional): The loss is multiplied by T over
            it. Defaults to None: T, no factor.
        queue_size (int, optional): Keys in the queue. Defaults to None: 1024,
            or the number of training samples if there are fewer.
        loss_weight (float): Factor on the mean over the batch. Defaults to
            1.0.
        class_counts (Sequence[int], optional): Training samples per class.
            Defaults to None: ``ClassCountsHook`` takes them from the
            training dataset.
    """

    lazy_buffers: ClassVar[tuple[str, ...]] = (
        *('class_counts', 'queue'),
        *('queue_labels', 'queue_pointer'),
    )
    queue: Tensor
    queue_labels: Tensor
    queue_pointer: Tensor

    def __init__(
        self,
        alpha: NonNegative = 0.05,
        *,
        beta: Positive = 1.0,
        gamma: NonNegative = 1.0,
        temperature: Positive = 0.2,
        class_temperature: Positive = 1.0,
        base_temperature: Positive | None = None,
        queue_size: PositiveInt | None = None,
        loss_weight: NonNegative = 1.0,
        class_counts: Sequence[Positive] | None = None,
    ) -> None:
        self.queue_size = queue_size
        super().__init__(loss_weight, class_counts=class_counts)
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.temperature = temperature
        self.class_temperature = class_temperature
        self.factor = temperature / (base_temperature or temperature)

    def set_class_counts(self, counts: Sequence[float] | Tensor) -> None:
        """Take over the counts, and how long the queue may be; see the base.

        Raises:
            ValueError: If the queue would hold samples twice.
        """
        super().set_class_counts(counts)
        samples = int(sum(float(n) for n in counts))
        self.length = self.queue_size or min(QUEUE, samples)
        if self.length > samples:
            raise ValueError(
                f'ParametricContrastiveLoss has queue_size {self.length}, '
                f'more than the {samples} training samples; the queue would '
                'hold several keys of one sample'
            )

    def class_losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy, in evaluation; see the base."""
        return cross_entropies(logits)

    def _forward(
        self, cls_score: Tensor, label: Tensor, **embedded: Tensor
    ) -> Tensor:
        """Loss of a batch; its keys enter the queue.

        Args:
            cls_score (Tensor): Scores of the queries, shape (N, K).
            label (Tensor): Classes, shape (N,).
            **embedded: ``query`` and ``key``, projected features of the two
                views, shape (N, d).

        Returns:
            Tensor: Scalar.

        Raises:
            ValueError: If the labels are soft, the embeddings are missing, or
                a batch of all ranks is longer than the queue.
        """
        if not self.training:
            return super()._forward(cls_score, label)
        check_hard(label, type(self).__name__)
        if not embedded:
            raise ValueError(
                'ParametricContrastiveLoss needs embeddings; use '
                "cls_head=dict(type='ParametricContrastiveHead') in a "
                'MomentumRecognizerGCN'
            )
        with torch.autocast(cls_score.device.type, enabled=False):
            query, key = (
                unit_length(embedded[name]) for name in ('query', 'key')
            )
            loss = self._contrast(_wide(cls_score), label, query, key.detach())
            self._enqueue(key, label)
            return loss

    def _contrast(
        self, scores: Tensor, label: Tensor, query: Tensor, key: Tensor
    ) -> Tensor:
        counts = self.counts_of(scores.size(1)).to(scores)
        prior = (counts / counts.sum()).log()
        centres = (scores + prior) / self.class_temperature
        stored = self.queue.to(query).view(-1, query.size(1))
        others = torch.cat([query, key, stored])
        kinds = torch.cat([label, label, self.queue_labels.to(label)])
        logits = query @ others.t() / self.temperature
        left_out = torch.eye(
            *logits.shape, dtype=torch.bool, device=label.device
        )
        left_out = left_out | (kinds < 0)
        weight = math.log(self.gamma) if self.gamma else -math.inf
        shares = (logits + weight).masked_fill(left_out, -math.inf)
        total = torch.cat([centres, shares], 1).logsumexp(1)
        positive = (label[:, None] == kinds) & ~left_out
        number = positive.sum(1)
        class_term = centres.gather(1, label[:, None]).squeeze(1)
        wanted = self.beta * class_term + self.alpha * (logits * positive).sum(
            1
        )
        weights = self.beta + self.alpha * number
        return self.factor * (total - wanted / weights).mean()

    @torch.no_grad()
    def _enqueue(self, key: Tensor, label: Tensor) -> None:
        """Let the keys of all ranks take the places of the oldest."""
        keys = torch.cat(dist.all_gather(key.contiguous()))
        labels = torch.cat(dist.all_gather(label.contiguous()))
        if self.queue.numel() == 0:
            self.queue = keys.new_zeros(self.length, keys.size(1))
            self.queue_labels = keys.new_full((self.length,), -1)
            self.queue_pointer = keys.new_zeros(1)
        if len(keys) > len(self.queue):
            raise ValueError(
                f'a batch of {len(keys)} samples, all ranks together, does '
                f'not fit into a queue of {len(self.queue)}; give the loss a '
                'longer queue_size, or train_dataloader a smaller batch_size'
            )
        step = torch.arange(len(keys), device=key.device)
        place = (self.queue_pointer.long() + step) % len(self.queue)
        # Out of place: the backward pass wants the queue as it was.
        self.queue = self.queue.index_copy(0, place, keys.to(self.queue))
        self.queue_labels = self.queue_labels.index_copy(
            0, place, labels.to(self.queue_labels)
        )
        self.queue_pointer = (self.queue_pointer + len(keys)) % len(self.queue)


def _wide(values: Any) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))
