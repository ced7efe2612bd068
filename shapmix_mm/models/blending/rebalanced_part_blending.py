"""BRL's mix: body halves, and a label that leans towards the rarer class."""

from __future__ import annotations

from typing import Any, Literal

import torch
from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import Chance, Fraction, Positive
from shapmix_mm.skeletons import Layout

from ..class_counts import ClassCountsMixin
from .mixing import Cells, Mixture
from .tacnn_mix_blending import TaCNNMixBlending

__all__ = ['RebalancedPartBlending']


@MODELS.register_module()
class RebalancedPartBlending(ClassCountsMixin, TaCNNMixBlending):
    r"""The lower body of a partner, its label by the counts of the classes.

    A sample keeps its upper body and takes the legs of a partner, together
    with the joint that both legs hang on. The label gives the sample

    .. math:: a = \begin{cases} 0 & n_{own} > \kappa\, n_{partner} \\
        1 & n_{partner} > \kappa\, n_{own} \\
        \text{share of joints kept} & \text{otherwise} \end{cases}

    Few samples are mixed, and no original is kept beside them. Where both
    persons are not there the person stays as it is. Source: Liu et al.,
    Balanced Representation Learning for Long-tailed Skeleton-based Action
    Recognition, and its published code. That draws a number of samples, B /
    16 rounded down, where here each sample is mixed with that probability.

    Args:
        args (tuple): ``num_classes`` and ``layout``, see
            :class:`SkeletonBlending`.
        kappa (float): Ratio of counts from which on the label leans.
            Defaults to 3.0.
        own_share (float, optional): a where it does not lean. Defaults to
            None: the share of joints kept, as published (16 of 25 for NTU,
            11 of 20 for NW-UCLA).
        slots (str): ``'own'``, joints stay in their places, or
            ``'published'``: as in the published code the joints of the
            upper body come first, then those of the lower one, whatever the
            network takes them for. Defaults to ``'own'``.
        prob (float): Probability that a sample is mixed. Defaults to 1 / 16.
        keep_originals (bool): Whether the originals stay. Defaults to False.
        kwargs (dict): ``lower``, see :class:`TaCNNMixBlending`.
    """

    slot_order: Tensor

    def __init__(
        self,
        *args: Any,
        kappa: Positive = 3.0,
        own_share: Fraction | None = None,
        slots: Literal['own', 'published'] = 'own',
        prob: Chance = 1 / 16,
        keep_originals: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            *args, prob=prob, keep_originals=keep_originals, **kwargs
        )
        self.kappa = kappa
        self.own_share = own_share
        self.slots = slots
        hung_on = _hung_on(self.layout, self.lower_joints)
        if hung_on is not None:
            self.lower_joints[hung_on] = True
        # Upper joints first, each half in ascending order.
        order = self.lower_joints.long().argsort(stable=True)
        self.register_buffer('slot_order', order, persistent=False)
        self.register_lazy_buffers()

    def draw_weights(
        self, clips: Tensor, label: Tensor, partner: Tensor
    ) -> tuple[Cells, Tensor]:
        """Paste the lower body, and let the label lean; see the base.

        Raises:
            ValueError: If the class counts are unknown.
        """
        own = self.known_counts()[label.argmax(1)]
        cells, pasted = super().draw_weights(clips, label, partner)
        share = pasted
        if self.own_share is not None:
            share = torch.full_like(pasted, 1 - self.own_share)
        other = own[partner]
        share = torch.where(own > self.kappa * other, 1.0, share)
        share = torch.where(other > self.kappa * own, 0.0, share)
        # Of two who never meet in one slot nothing is mixed.
        return cells, share * (pasted > 0)

    def carry_out(
        self, clips: Tensor, mixture: Mixture, *, out: Tensor | None = None
    ) -> Tensor:
        """Mix, and move the joints as published if asked to; see the base."""
        mixed = super().carry_out(clips, mixture, out=out)
        if self.slots == 'published':
            moved = mixed.index_select(3, self.slot_order)
            done = mixture.cells.frames.any(1).view(-1, 1, 1, 1, 1)
            mixed.copy_(torch.where(done, moved, mixed))
        return mixed


def _hung_on(layout: Layout, lower: Tensor) -> int | None:
    """The one joint outside that the lower body is connected to, if so."""
    joints = set(lower.nonzero().flatten().tolist())
    outside = {layout.parents[j] for j in joints} - joints
    return outside.pop() if len(outside) == 1 else None
