"""What long-tailed losses share: targets, weights, reduction, a switch."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal, Sequence

import torch
from mmaction.models.losses import BaseWeightedLoss
from torch import Tensor, nn

from shapmix_mm.arguments import NonNegative, Positive

from ..class_counts import ClassCountsMixin

__all__ = ['CountedLoss', 'LongTailLoss', 'SwitchMixin']


class LongTailLoss(BaseWeightedLoss):
    r"""A mean over the batch of a loss that is linear in the target.

    .. math:: L = \frac{1}{D} \sum_i \sum_k w_k y_{ik} \ell_k(z_i)

    with D = N for the reduction ``'batch'`` and
    :math:`D = \sum_i \sum_k w_k y_{ik}` for ``'weights'``, which is what
    PyTorch's weighted cross-entropy does. A soft target thus costs the mix of
    what its hard targets would cost. Computed in float32 at least, also under
    automatic mixed precision.

    Args:
        loss_weight (float): Factor on the mean over the batch; 2 where a
            blend keeps the originals beside the mixed samples. Defaults to
            1.0.
        reduction (str): ``'batch'`` or ``'weights'``. Defaults to 'batch'.
    """

    def __init__(
        self,
        loss_weight: NonNegative = 1.0,
        *,
        reduction: Literal['batch', 'weights'] = 'batch',
    ) -> None:
        super().__init__(loss_weight=loss_weight)
        self.reduction = reduction

    @abstractmethod
    def class_losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Loss of each sample for every label that it could have.

        Args:
            logits (Tensor): Shape (N, K), float32 at least.
            target (Tensor): Distributions over the classes, shape (N, K).

        Returns:
            Tensor: Shape (N, K).
        """

    def class_weights(self, num_classes: int) -> Tensor | None:
        """Weights of the classes at this point of the training.

        Args:
            num_classes (int): Number of classes K.

        Returns:
            Tensor or None: Shape (K,), or None where all weigh alike.
        """
        return None

    def _forward(self, cls_score: Tensor, label: Tensor) -> Tensor:
        """Mean loss of a batch.

        Args:
            cls_score (Tensor): Logits, shape (N, K).
            label (Tensor): Class indices, shape (N,), or distributions over
                the classes, shape (N, K).

        Returns:
            Tensor: Scalar, float32, or float64 for logits of that type.

        Raises:
            ValueError: If the label has another shape, or the class counts
                are missing or those of another number of classes.
        """
        with torch.autocast(cls_score.device.type, enabled=False):
            logits = cls_score.to(
                torch.promote_types(cls_score.dtype, torch.float32)
            )
            target = self._target(logits, label)
            losses = target * self.class_losses(logits, target)
            weights = self.class_weights(logits.size(1))
            if weights is None:
                return losses.sum(1).mean()
            weights = weights.to(logits)
            total = (losses * weights).sum()
            if self.reduction == 'batch':
                return total / len(losses)
            return total / (target * weights).sum()

    def _target(self, logits: Tensor, label: Tensor) -> Tensor:
        if label.shape == logits.shape:
            return label.to(logits.dtype)
        if label.shape != logits.shape[:1]:
            raise ValueError(
                f'{type(self).__name__} needs labels of shape '
                f'{tuple(logits.shape[:1])} or {tuple(logits.shape)}, got '
                f'{tuple(label.shape)}'
            )
        target = torch.zeros_like(logits, requires_grad=False)
        return target.scatter_(1, label[:, None].long(), 1.0)


class CountedLoss(ClassCountsMixin, LongTailLoss):
    """A long-tailed loss that needs the training samples per class.

    What the counts change belongs to training alone: in evaluation mode the
    loss is the one without counts.

    Args:
        loss_weight (float): Factor on the mean over the batch. Defaults to
            1.0.
        reduction (str): As for ``LongTailLoss``. Defaults to 'batch'.
        class_counts (Sequence[int], optional): Training samples per class.
            Defaults to None: ``ClassCountsHook`` takes them from the
            training dataset.
    """

    def __init__(
        self,
        loss_weight: NonNegative = 1.0,
        *,
        reduction: Literal['batch', 'weights'] = 'batch',
        class_counts: Sequence[Positive] | None = None,
    ) -> None:
        super().__init__(loss_weight=loss_weight, reduction=reduction)
        self.register_lazy_buffers()
        if class_counts is not None:
            self.give_class_counts(class_counts)

    def counts_of(self, num_classes: int) -> Tensor:
        """Class counts, once they are known to fit.

        Args:
            num_classes (int): Number of classes K of the logits.

        Returns:
            Tensor: Shape (K,).

        Raises:
            ValueError: If the counts are unknown, or are those of another
                number of classes.
        """
        known, owner = self.class_counts.numel(), type(self).__name__
        if known == 0:
            raise ValueError(
                f'{owner} has no class counts; add '
                "dict(type='ClassCountsHook') to custom_hooks or give "
                'class_counts=[...]'
            )
        if known != num_classes:
            raise ValueError(
                f'{owner} has counts of {known} classes, the logits have '
                f'{num_classes}'
            )
        return self.class_counts


class SwitchMixin(nn.Module):
    """A loss that changes once, at a given point of the training.

    ``TrainingProgressHook`` finds it by ``needs_progress`` and tells it
    before each step how far the training is. The point follows from the
    iteration alone, so that nothing has to be saved for a resumed run.
    """

    needs_progress: ClassVar[bool] = True
    needs_hook: ClassVar[str] = 'TrainingProgressHook'

    def init_switch(self, start: float, start_epoch: float | None) -> None:
        """Take over when the loss changes.

        Args:
            start (float): Share of the training, in [0, 1).
            start_epoch (float, optional): Passes over the training data,
                instead of a share.
        """
        self.start = start
        self.start_epoch = start_epoch
        self._late: bool | None = None

    def set_progress(
        self, iteration: int, *, total: int, iters_per_pass: float
    ) -> None:
        """Take over how far the training is.

        Args:
            iteration (int): Index of the step about to be made, from 0.
            total (int): Steps of the whole training.
            iters_per_pass (float): Steps of one pass over the data.

        Raises:
            ValueError: If the change would come after the training.
        """
        if self.start_epoch is None:
            first = round(self.start * total)
        else:
            first = round(self.start_epoch * iters_per_pass)
        if first >= total:
            raise ValueError(
                f'{type(self).__name__} would change at iteration {first}, '
                f'and the training has only {total}; start earlier'
            )
        self._late = iteration >= first

    @property
    def is_late(self) -> bool:
        """Whether the training has reached the point.

        Raises:
            ValueError: If nobody has told.
        """
        if self._late is None:
            raise ValueError(
                f'{type(self).__name__} does not know how far the training '
                "is; add dict(type='TrainingProgressHook') to custom_hooks"
            )
        return self._late
