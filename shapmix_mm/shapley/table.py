"""Running saliency of every class and part combination."""

from __future__ import annotations

from typing import Sequence

import torch
from torch import Tensor, nn

from .coalitions import combination_masks, combination_parts, mask_to_parts

__all__ = ['AVERAGES', 'SaliencyTable', 'part_weights']

#: Rules by which a table averages what it observes.
AVERAGES = ('ema', 'recent', 'ema_per_sample')
# The rule 'recent' weighs about the last half of the updates, and never less
# than about 20 of them: the model changes fast at first and settles later.
RECENT_POWER = 2.0
RECENT_FLOOR = 0.95


class SaliencyTable(nn.Module):
    """Running average of the values of Eq. 2.

    All buffers are persistent float tensors, so that they are part of every
    checkpoint and survive MMAction2's ``SyncBuffersHook``, which averages
    buffers over the ranks; ranks hold equal values before it runs.

    Args:
        num_classes (int): K, the number of classes.
        num_parts (int): P, the number of body parts.
        sizes (Sequence[int]): Combination sizes. Defaults to (2, 3).

    Attributes:
        values (Tensor): Saliency, shape (K, B).
        updates (Tensor): Updates that reached each entry, shape (K, B).
        evidence (Tensor): Observations behind each entry, older ones counted
            less, shape (K, B); used by the rule ``'recent'``.
        steps (Tensor): Updates of the table, shape ().
    """

    values: Tensor
    updates: Tensor
    evidence: Tensor
    steps: Tensor

    def __init__(
        self, num_classes: int, num_parts: int, sizes: Sequence[int] = (2, 3)
    ) -> None:
        super().__init__()
        if num_classes < 1:
            raise ValueError(
                f'num_classes must be positive, got {num_classes}'
            )
        self.combinations = combination_parts(num_parts, sizes)
        shape = (num_classes, len(self.combinations))
        self.register_buffer('values', torch.zeros(shape))
        self.register_buffer('updates', torch.zeros(shape))
        self.register_buffer('evidence', torch.zeros(shape))
        self.register_buffer('steps', torch.zeros(()))

    @torch.no_grad()
    def update(
        self,
        totals: Tensor,
        counts: Tensor,
        *,
        momentum: float,
        per_sample: bool = False,
    ) -> None:
        """Make one EMA step for every entry that has samples behind it.

        This is the paper's rule: a step moves an entry by the same share
        however many samples it averages. The first step of an entry takes
        the observation whole: started from zero, an entry of a rare class
        would look unimportant merely because it has been seen less often.

        Args:
            totals (Tensor): Summed contributions, shape (K, B).
            counts (Tensor): Samples in each sum, shape (K, B).
            momentum (float): Share of the old value that stays.
            per_sample (bool): Whether an entry makes as many steps towards
                its mean as it has samples, so that it keeps
                ``momentum ** counts`` of the old value. Defaults to False.
        """
        first = self.updates == 0
        kept = momentum**counts if per_sample else momentum
        share = torch.where(first, 1.0, 1 - kept)
        self._move(totals, counts, share)

    @torch.no_grad()
    def update_recent(self, totals: Tensor, counts: Tensor) -> None:
        """Average over the more recent half of all observations.

        Unlike the EMA of the paper it weighs every observation alike,
        whether it came alone or with others, and its memory grows with the
        training: a class seen rarely is averaged over as many steps as the
        others. Source: polynomial-decay averaging (Shamir and Zhang, ICML
        2013), with counts as weights.

        Args:
            totals (Tensor): Summed contributions, shape (K, B).
            counts (Tensor): Samples in each sum, shape (K, B).
        """
        decay = (1 - RECENT_POWER / (self.steps + 1)).clamp(min=RECENT_FLOOR)
        self.evidence.mul_(decay).add_(counts)
        share = counts / self.evidence.clamp(min=torch.finfo().tiny)
        self._move(totals, counts, share)

    def _move(self, totals: Tensor, counts: Tensor, share: Tensor) -> None:
        observed = totals / counts.clamp(min=1)
        moved = torch.lerp(self.values, observed, share)
        self.values.copy_(torch.where(counts > 0, moved, self.values))
        self.updates.add_(counts > 0)
        self.steps.add_(1)

    @torch.no_grad()
    def reset(self) -> None:
        """Forget all observations."""
        for buffer in self.buffers():
            buffer.zero_()

    @torch.no_grad()
    def forget_nonfinite(self) -> list[int]:
        """Forget the observations of entries whose value is not finite.

        Returns:
            list[int]: Classes that had such entries.
        """
        lost = ~self.values.isfinite()
        for buffer in (self.values, self.updates, self.evidence):
            buffer.masked_fill_(lost, 0)
        return lost.any(1).nonzero().flatten().tolist()

    def filled(self) -> Tensor:
        """Values in which an entry not yet seen takes its class's mean.

        Returns:
            Tensor: Shape (K, B); all zero for a class not seen at all.
        """
        seen = self.updates > 0
        total = torch.where(seen, self.values, 0).sum(1, keepdim=True)
        mean = total / seen.sum(1, keepdim=True).clamp(min=1)
        return torch.where(seen, self.values, mean)


def part_weights(num_parts: int, sizes: Sequence[int] = (2, 3)) -> Tensor:
    """Weights that turn values of combinations into values of single parts.

    With them, sums of parts come closest to the values of the combinations
    (least squares): exact where parts do not interact; elsewhere the average
    of many entries, so less noisy than any of them.

    Args:
        num_parts (int): P, the number of body parts.
        sizes (Sequence[int]): Combination sizes. Defaults to (2, 3).

    Returns:
        Tensor: float32, shape (B, P); ``values @ part_weights(P)`` has the
        shape (K, P).
    """
    masks = combination_masks(num_parts, sizes)
    members = mask_to_parts(masks, num_parts).double()
    return torch.linalg.pinv(members).T.float()
