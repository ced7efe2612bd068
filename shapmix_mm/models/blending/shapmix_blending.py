"""Shap-Mix: mixing that keeps the telling parts of the rarer class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal
from zipfile import BadZipFile

import numpy as np
import torch
from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import Fraction, Positive
from shapmix_mm.shapley import (
    SaliencyTable,
    combination_masks,
    mask_to_parts,
    part_weights,
)

from .drawing import draw_category
from .mixing import Mixture, seen_share
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
    gain; the released code has no norm and ``gain=10``. Ours,
    ``norm='standard'`` (values of a class less their mean, over their
    standard deviation), depends neither on their scale, as the draw without
    a norm does, nor on what all of them share, as that of l1 does: ``tau=1``
    comes to about 12 of 20 combinations.

    The partner's share of the label is the pasted area. With
    ``label='saliency'`` it is what is seen of the partner against what is
    left of the sample, by :func:`~.mixing.seen_share`: the values of single
    parts that come closest to the table's (negative ones count as none)
    share out what there is to see of a class, evenly over the joints of a
    part; and evenly over all joints where no part has any, as in the warm-up.
    Whichever rule shares, ``minority_share`` is the least that the rarer of
    two classes gets of a label, in a Mixup too; classes of as many samples
    share as they did.

    Args:
        args (tuple): ``num_classes`` and ``layout``, see
            :class:`SkeletonBlending`.
        tau (float): Temperature of Eq. 3. Defaults to 0.2.
        norm (str): ``'l1'``, ``'standard'`` or ``'none'``. Defaults to
            ``'l1'``.
        gain (float): Factor on the normalised saliency. Defaults to 1.0.
        minority (str): ``'counts'``, the class with fewer training samples
            is the rarer one; ``'index'``, the one of higher index, as in the
            released code, which takes classes for sorted by frequency.
            Defaults to 'counts'.
        label (str): How a mixed clip's label is shared: by ``'area'`` or by
            ``'saliency'``. Defaults to 'area'.
        minority_share (float): Least share of a mixed label that the rarer
            class has. Defaults to 0.0.
        table (Sequence[Sequence[str]] or str, optional): Saliency that takes
            the place of what ``SaliencyHook`` learns, once the warm-up is
            over: for each class the names of the parts that tell it, all of
            them alike, none where nothing is known; or the ``worths.npz`` of
            ``exact_saliency.py``, which training alone needs. Of named parts
            a combination counts for how many it has of them, whatever its
            joints. The hook goes on learning its own. Defaults to None.
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
    part_weights: Tensor
    # Share of its part that each joint is, shape (P, V).
    spread: Tensor
    # Sizes of the table's combinations.
    part_sizes: Tensor
    # Values in place of the learnt ones, shape (K, B).
    given: Tensor | None

    def __init__(
        self,
        *args: Any,
        tau: Positive = 0.2,
        norm: Literal['l1', 'standard', 'none'] = 'l1',
        gain: Positive = 1.0,
        minority: Literal['counts', 'index'] = 'counts',
        label: Literal['area', 'saliency'] = 'area',
        minority_share: Fraction = 0.0,
        table: Sequence[Sequence[str]] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if self.spatial != 'part':
            raise ValueError(
                'ShapMixBlending draws combinations of whole parts: spatial '
                f"must be 'part', got {self.spatial!r}; STMixBlending has both"
            )
        self.tau, self.norm, self.gain = tau, norm, gain
        self.minority = minority
        self.label = label
        self.minority_share = minority_share
        self.saliency = SaliencyTable(
            self.num_classes, self.layout.num_parts, self.sizes
        )
        self.register_buffer('guided', torch.zeros(()))
        numbers = self.layout.part_mask().argmax(0)
        self.register_buffer('partition', torch.from_numpy(numbers).float())
        self.register_buffer('part_sizes', torch.tensor(self.sizes).float())
        self.register_buffer(
            'joint_counts', self.part_joints.sum(1).float(), persistent=False
        )
        weights = part_weights(self.layout.num_parts, self.sizes)
        self.register_buffer('part_weights', weights, persistent=False)
        mask = torch.from_numpy(self.layout.part_mask()).float()
        spread = mask / mask.sum(1, keepdim=True)
        self.register_buffer('spread', spread, persistent=False)
        self.table = table
        self.register_buffer('given', self._given_values(), persistent=False)

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
        saved, sizes = (
            state_dict.pop(f'{prefix}{name}', own)
            for name, own in self._table_of().items()
        )
        order = _columns(saved, self.partition, self.saliency.combinations)
        self.misfit, of = '', 'the saliency table of the checkpoint is of'
        if order is None:
            name = self.layout.name
            self.misfit = f'{of} other body parts than layout {name!r} has'
        elif sizes.tolist() != list(self.sizes):
            order = None
            self.misfit = (
                f'{of} combinations of {sizes.int().tolist()} parts, the '
                f'config says sizes={self.sizes}'
            )
        errors.extend(filter(None, [self.misfit]))
        for name in ('values', 'updates', 'evidence'):
            key = f'{prefix}saliency.{name}'
            table = state_dict.pop(key, None)
            if table is not None and order is not None:
                # One of other columns is refused by its shape below.
                fits = table.dim() == 2 and table.shape[1] == len(order)
                state_dict[key] = table[:, order] if fits else table
        for name, own in self._table_of().items():
            state_dict[f'{prefix}{name}'] = own
        super()._load_from_state_dict(
            state_dict, prefix, metadata, strict, missing, unexpected, errors
        )

    def _table_of(self) -> dict[str, Tensor]:
        """Buffers that tell what the columns of the table are."""
        return dict(partition=self.partition, part_sizes=self.part_sizes)

    def _given_values(self) -> Tensor | None:
        """Values of all combinations, float32, shape (K, B)."""
        table, names = self.table, self.layout.part_names
        # A trained model predicts without the file.
        absent = isinstance(table, str) and not Path(table).exists()
        if table is None or absent:
            return None
        masks = combination_masks(len(names), self.sizes)
        if isinstance(table, str):
            values = _read_values(table, names, masks.tolist())
        else:
            values = _telling_values(table, names, masks)
        if len(values) != self.num_classes:
            raise ValueError(
                f'table of ShapMixBlending has {len(values)} classes, '
                f'num_classes is {self.num_classes}'
            )
        return values

    def values(self) -> Tensor:
        """Values that guide the mixing, given or learnt.

        Returns:
            Tensor: Shape (K, B).

        Raises:
            ValueError: If the file of a given table was not there.
        """
        if self.table is None:
            return self.saliency.filled()
        if self.given is None:
            raise ValueError(f'table {self.table} of ShapMixBlending: no file')
        return self.given

    def density(self) -> Tensor:
        """Values per joint, ``v_b / |b|`` of Eq. 3.

        Returns:
            Tensor: Shape (K, B); of named parts the values themselves, since
            per joint two of three telling parts would be more than all.
        """
        if self.table is not None and not isinstance(self.table, str):
            return self.values().clone()
        return self.values() / self.joint_counts

    def joint_saliency(self) -> Tensor:
        """Share of each class's saliency that each joint carries.

        Returns:
            Tensor: Not negative, shape (K, V); rows sum to 1.
        """
        # Nothing is known as long as nothing guides.
        parts = (self.values() @ self.part_weights).clamp(min=0) * self.guided
        total = parts.sum(1, keepdim=True)
        joints = parts / total.clamp(min=torch.finfo().tiny) @ self.spread
        return torch.where(total > 0, joints, 1 / self.spread.size(1))

    def draw_mixture(self, clips: Tensor, label: Tensor) -> Mixture:
        """Draw what goes where, and share the label; see the base."""
        mixture = super().draw_mixture(clips, label)
        share = mixture.share
        if self.label == 'saliency':
            own = self.joint_saliency()[label.argmax(1)]
            present = self.counted_persons(clips)
            share = seen_share(mixture, present, own, own[mixture.partner])
        if self.minority_share > 0 and self.class_counts.numel() > 0:
            own = self._rarity(label)
            other, least = own[mixture.partner], self.minority_share
            share = torch.where(other > own, share.clamp(min=least), share)
            share = torch.where(other < own, share.clamp(max=1 - least), share)
        return replace(mixture, share=share)

    def combination_logits(self) -> Tensor:
        """Logits of Eq. 3 for every class.

        Returns:
            Tensor: Shape (K, B).
        """
        density = self.density()
        tiny = torch.finfo().tiny
        if self.norm == 'l1':
            density /= density.abs().sum(1, keepdim=True).clamp(min=tiny)
        elif self.norm == 'standard':
            # Values that differ by rounding alone are alike.
            least = (1e-4 * density.abs().amax(1, True)).clamp(min=tiny)
            density -= density.mean(1, keepdim=True)
            density /= density.std(1, False, keepdim=True).clamp(min=least)
        return density * (self.gain / self.tau)

    def choices(self) -> Tensor:
        """How many combinations each class's draw comes to.

        Returns:
            Tensor: Exponential of the entropy of Eq. 3, from 1, always the
            same combination, to B, any of them alike; shape (K,).
        """
        chances = self.combination_logits().softmax(1)
        return torch.special.entr(chances).sum(1).exp()

    def draw_joints(self, label: Tensor, partner: Tensor) -> Tensor:
        """Draw the joints to paste from the rarer class's saliency.

        Args:
            label (Tensor): Target distributions, shape (N, K).
            partner (Tensor): Index of each sample's partner, shape (N,).

        Returns:
            Tensor: bool, shape (N, V), True where the partner is pasted.
        """
        if self.class_counts.numel() == 0:
            return super().draw_joints(label, partner)
        own, rarity = label.argmax(1), self._rarity(label)
        partner_rarer = rarity[partner] > rarity
        guide = torch.where(partner_rarer, own[partner], own)
        drawn = draw_category(self.combination_logits() * self.guided, guide)
        joints = self.part_joints[drawn]
        paste_drawn = partner_rarer | (self.guided == 0)
        # The drawn joints, or all the others.
        return joints == paste_drawn[:, None]

    def _rarity(self, label: Tensor) -> Tensor:
        """What is greater the rarer the class of a sample is, (N,)."""
        own = label.argmax(1)
        return own if self.minority == 'index' else -self.class_counts[own]


def _telling_values(
    table: Sequence[Sequence[str]], names: Sequence[str], masks: Tensor
) -> Tensor:
    """Share of the parts that tell a class in each combination, (K, B)."""
    for parts in table:
        if unknown := set(parts) - set(names):
            raise ValueError(
                f'table of ShapMixBlending names the parts {sorted(unknown)}, '
                f'the layout has {list(names)}'
            )
    rows = [[name in own for name in names] for own in table]
    telling = torch.tensor(rows).view(-1, len(names))
    members = mask_to_parts(masks, len(names))
    number = telling.sum(1, keepdim=True).clamp(min=1)
    return telling.float() @ members.float().T / number


def _read_values(path: str, names: Sequence[str], masks: list[int]) -> Tensor:
    """Values of some combinations in a result of exact_saliency.py, (K, B).

    Args:
        path (str): The ``worths.npz``.
        names (Sequence[str]): Names of the layout's parts.
        masks (list[int]): Bit masks of the combinations, shape (B,).

    Returns:
        Tensor: float32; zero for a class without samples.

    Raises:
        ValueError: If the file is no such result, or one of other parts.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            known = file['combinations'].tolist()
            theirs = file['part_names'].tolist()
            values = file['values']
        if theirs != list(names):
            raise ValueError(f'its parts are {theirs}, not {list(names)}')
        values = values[:, [known.index(mask) for mask in masks]]
    except (EOFError, KeyError, OSError, ValueError, BadZipFile) as error:
        raise ValueError(
            f'table {path} of ShapMixBlending is no worths.npz of '
            f'exact_saliency.py for this layout and sizes: {error}'
        ) from error
    return torch.from_numpy(values).float().nan_to_num(0.0)


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
