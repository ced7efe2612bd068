"""Shap-Mix: mixing that keeps the telling parts of the rarer class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import Positive
from shapmix_mm.shapley import SaliencyTable

from .drawing import draw_category
from .stmix_blending import STMixBlending

__all__ = ['ShapMixBlending']


@MODELS.register_module()
class ShapMixBlending(STMixBlending):
    """Tail-aware mixing guided by saliency (Shap-Mix paper, Sec. 3.3).

    Where the partner j is of a rarer class than i, a part combination drawn
    from the saliency of j's class is pasted into i. Otherwise a combination
    is drawn from the saliency of i's class, and its complement is pasted, so
    that i keeps the drawn parts. Either way the rarer class keeps the parts
    that tell it. Until ``SaliencyHook`` ends the warm-up this is ST-Mix.

    The combination b is drawn from ``softmax(gain * norm(v_b / |b|) / tau)``
    (Eq. 3), where ``|b|`` counts joints. The paper has ``norm='l1'`` and no
    gain; the released code has no norm and ``gain=10``.

    Args:
        args (tuple): ``num_classes`` and ``layout``, see
            :class:`SkeletonBlending`.
        tau (float): Temperature of Eq. 3. Defaults to 0.2.
        norm (str): ``'l1'`` or ``'none'``. Defaults to ``'l1'``.
        gain (float): Factor on the normalised saliency. Defaults to 1.0.
        minority (str): ``'counts'``, the class with fewer training samples
            is the rarer one; ``'index'``, the one of higher index, as in the
            released code, which takes classes for sorted by frequency.
            Defaults to 'counts'.
        kwargs (dict): Arguments of :class:`STMixBlending`.
    """

    lazy_buffers: ClassVar[tuple[str, ...]] = ('class_counts', 'mean_pose')
    needs_class_counts: ClassVar[bool] = True  # type: ignore[assignment]
    # Without it the blend would stay ST-Mix, and nothing would say so.
    needs_hook: ClassVar[str] = 'SaliencyHook'
    #: Why a table that was loaded last did not fit, or ''.
    misfit: str = ''
    guided: Tensor
    # Number of the part of each joint, shape (V,).
    partition: Tensor
    mean_pose: Tensor
    joint_counts: Tensor

    def __init__(
        self,
        *args: Any,
        tau: Positive = 0.2,
        norm: Literal['l1', 'none'] = 'l1',
        gain: Positive = 1.0,
        minority: Literal['counts', 'index'] = 'counts',
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if self.spatial != 'part':
            raise ValueError(
                'ShapMixBlending draws combinations of whole parts: spatial '
                f"must be 'part', got {self.spatial!r}; STMixBlending has both"
            )
        self.tau = tau
        self.norm = norm
        self.gain = gain
        self.minority = minority
        self.saliency = SaliencyTable(
            self.num_classes, self.layout.num_parts, self.sizes
        )
        self.register_buffer('guided', torch.zeros(()))
        numbers = self.layout.part_mask().argmax(0)
        self.register_buffer('partition', torch.from_numpy(numbers).float())
        self.register_buffer(
            'joint_counts', self.part_joints.sum(1).float(), persistent=False
        )

    def _load_from_state_dict(
        self,
        state_dict: dict,
        prefix: str,
        metadata: dict,
        strict: bool,
        missing: list[str],
        unexpected: list[str],
        errors: list[str],
    ) -> None:
        # Checkpoints of earlier versions have none; theirs is taken for ours.
        saved = state_dict.pop(f'{prefix}partition', self.partition)
        self.misfit = ''
        order = _columns(saved, self.partition, self.saliency.combinations)
        if order is None:
            self.misfit = (
                f'the saliency table of the checkpoint is of other body parts '
                f'than layout {self.layout.name!r} of the config has'
            )
            errors.append(self.misfit)
        for name in ('values', 'updates', 'evidence'):
            key = f'{prefix}saliency.{name}'
            table = state_dict.pop(key, None)
            if table is not None and order is not None:
                # One of other columns is refused by its shape below.
                fits = table.dim() == 2 and table.shape[1] == len(order)
                state_dict[key] = table[:, order] if fits else table
        state_dict[f'{prefix}partition'] = self.partition
        super()._load_from_state_dict(
            state_dict, prefix, metadata, strict, missing, unexpected, errors
        )

    def combination_logits(self) -> Tensor:
        """Logits of Eq. 3 for every class.

        Returns:
            Tensor: Shape (K, B).
        """
        density = self.saliency.filled() / self.joint_counts
        if self.norm == 'l1':
            density = density / density.abs().sum(1, keepdim=True).clamp(
                min=torch.finfo().tiny
            )
        return density * (self.gain / self.tau)

    def draw_joints(self, label: Tensor, partner: Tensor) -> Tensor:
        """Draw the joints to paste from the rarer class's saliency.

        Args:
            label (Tensor): Target distributions, shape (N, K).
            partner (Tensor): Index of each sample's partner, shape (N,).

        Returns:
            Tensor: bool, shape (N, V), True where the partner is pasted.
        """
        own = label.argmax(1)
        other = own[partner]
        if self.class_counts.numel() == 0:
            return super().draw_joints(label, partner)
        partner_rarer = (
            self.class_counts[own] > self.class_counts[other]
            if self.minority == 'counts'
            else own < other
        )
        guide = torch.where(partner_rarer, other, own)
        drawn = draw_category(self.combination_logits() * self.guided, guide)
        joints = self.part_joints[drawn]
        paste_drawn = partner_rarer | (self.guided == 0)
        # The drawn joints, or all the others.
        return joints == paste_drawn[:, None]


def _columns(
    saved: Tensor, own: Tensor, combinations: Sequence[Sequence[int]]
) -> list[int] | None:
    """Columns of a table of saved part numbers, in the order of our own.

    Args:
        saved (Tensor): Number of the part of each joint, shape (V,).
        own (Tensor): The same for our layout.
        combinations (Sequence[Sequence[int]]): Parts of each column.

    Returns:
        list[int] | None: Shape (B,); None if the parts are others.
    """
    if saved.shape != own.shape:
        return None
    pairs = {(int(a), int(b)) for a, b in zip(own, saved)}
    number = dict(pairs)
    if not len(pairs) == len(number) == len(set(number.values())):
        return None
    places = {frozenset(parts): i for i, parts in enumerate(combinations)}
    return [places[frozenset(number[p] for p in b)] for b in combinations]
