"""ST-Mix: Mixup, or pasting body parts over a down-sampled time window."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.arguments import Fraction, Pair, Positive, PositiveInt
from shapmix_mm.shapley import combination_masks, mask_to_parts
from shapmix_mm.skeletons import Layout

from ..class_counts import ClassCountsMixin
from .bone_space import BoneSpace
from .drawing import (
    draw_category,
    draw_mixup_share,
    draw_partner,
    draw_subset,
    draw_window,
    in_place,
)
from .mixing import Cells, Mixture, pasted_cells, present_persons
from .skeleton_blending import SkeletonBlending

__all__ = ['STMixBlending']


@MODELS.register_module()
class STMixBlending(ClassCountsMixin, SkeletonBlending):
    """Spatial-temporal mixing of skeletons (Shap-Mix paper, Sec. 3.2).

    Each sample i gets a partner j and one of two mixtures: Mixup of the
    whole sequences, or Cut-Mix, where a random combination of body parts of
    j, over a clip of j resampled down to a window of i, is pasted into i.
    The soft label follows the share that was pasted. As in the paper, the
    mask covers all performers, so that a limb of a second person may come
    into a scene of one, and one of two may lose a limb to the void; the share
    counts all slots. ``persons='both'`` pastes only between persons present
    in both samples, and its share counts the persons that the sample has.

    The two halves of Cut-Mix can be ablated (Table 7). ``spatial='joint'``
    pastes as many joints as a random combination has, but any of the body,
    whatever part they belong to. ``temporal='copy'`` pastes the partner's
    frames of the window itself: Cut-Mix by an element-wise mask (Sec. 3.1),
    which copies a clip to "the corresponding position", and what ST-Mix adds
    resampling to. Windows are drawn alike in both cases.

    Args:
        args (tuple): ``num_classes`` and ``layout``, see
            :class:`SkeletonBlending`.
        sizes (Sequence[int]): Numbers of parts that may be pasted together.
            Defaults to (2, 3).
        temporal_ratio (tuple[float, float]): Range of the pasted length as a
            share of T. Defaults to (0.4, 0.7).
        mixup_prob (float): Probability of Mixup instead of Cut-Mix, per
            sample. Defaults to 0.25.
        alpha (float): Mixup draws its share from Beta(alpha, alpha).
            Defaults to 1.0.
        spatial (str): What is pasted together, ``'part'`` or ``'joint'``.
            Defaults to ``'part'``.
        temporal (str): How the partner's frames are chosen, ``'resample'``
            or ``'copy'``. Defaults to ``'resample'``.
        persons (str): Who is pasted: ``'all'`` slots, or those present in
            ``'both'`` samples. Defaults to ``'all'``.
        window_grid (int): Frames of which lengths and positions of windows
            and source clips are multiples; 4 in the released code. Defaults
            to 1.
        resample_at (str): Frames of the source clip that resampling takes:
            ``'middle'`` of the stretch that stands for a frame, or its
            ``'start'``, as in the released code. Defaults to 'middle'.
        space (str): What is pasted of a joint: its position, ``'joint'``, or
            the direction of its bone, ``'bone'``. With ``'bone'`` the
            receiver keeps the lengths of its bones and its root, joints
            behind a pasted one move along, only persons present in both are
            pasted, and the share counts the bones pasted. It needs joint
            coordinates, not another stream. Defaults to ``'joint'``.
        partner (str): How partners are drawn: ``'random'``, each sample of
            the batch once, or ``'class_aware'``, with replacement and
            chances proportional to 1 / n of their classes, which needs the
            class counts. Defaults to ``'random'``.
        kwargs (dict): ``keep_originals``, see :class:`SkeletonBlending`.
    """

    part_joints: Tensor
    pastes_parts: ClassVar[bool] = True

    def __init__(
        self,
        *args: Any,
        sizes: Sequence[int] = (2, 3),
        temporal_ratio: Pair = (0.4, 0.7),
        mixup_prob: Fraction = 0.25,
        alpha: Positive = 1.0,
        spatial: Literal['part', 'joint'] = 'part',
        temporal: Literal['resample', 'copy'] = 'resample',
        persons: Literal['all', 'both'] = 'all',
        window_grid: PositiveInt = 1,
        resample_at: Literal['middle', 'start'] = 'middle',
        space: Literal['joint', 'bone'] = 'joint',
        partner: Literal['random', 'class_aware'] = 'random',
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        low, high = temporal_ratio
        if not 0 < low <= high <= 1:
            raise ValueError(
                'temporal_ratio must be (low, high) with '
                f'0 < low <= high <= 1, got {temporal_ratio}'
            )
        self.sizes = tuple(sizes)
        self.temporal_ratio = (low, high)
        self.mixup_prob = mixup_prob
        self.alpha = alpha
        self.spatial = spatial
        self.temporal = temporal
        self.window_grid = window_grid
        self.resample_at = resample_at
        self.persons = persons
        self.bones = BoneSpace(self.layout) if space == 'bone' else None
        self.partner = partner
        if self.needs_class_counts:
            self.register_lazy_buffers()
        joints = _combination_joints(self.layout, self.sizes)
        self.register_buffer('part_joints', joints, persistent=False)

    @property
    def needs_class_counts(self) -> bool:  # type: ignore[override]
        """bool: Whether partners are drawn by the counts of their classes."""
        return self.partner == 'class_aware'

    def carry_out(
        self, clips: Tensor, mixture: Mixture, *, out: Tensor | None = None
    ) -> Tensor:
        """Paste joints or bones; see the base."""
        if self.bones is None:
            return super().carry_out(clips, mixture, out=out)
        return self.bones.mix(clips, mixture, out=out)

    def draw_partner(self, label: Tensor) -> Tensor:
        """Draw the partner of each sample.

        Args:
            label (Tensor): Target distributions, shape (N, K); the class of
                a soft one is its largest entry.

        Returns:
            Tensor: int64, shape (N,); no sample is its own partner, unless
            it is the only one.

        Raises:
            ValueError: If the class counts are needed and unknown.
        """
        num = len(label)
        if self.partner == 'random' or num == 1:
            return draw_partner(num, label.device)
        counts = self.known_counts(' to draw partners by')
        rare = -counts[label.argmax(1)].log()
        row = torch.arange(num, device=label.device)
        own = row[:, None] == row
        return draw_category(rare.masked_fill(own, -torch.inf), row)

    def draw_mixture(self, clips: Tensor, label: Tensor) -> Mixture:
        """Draw a Mixup and a Cut-Mix and choose one; see the base."""
        num, _, frames = clips.shape[:3]
        partner = self.draw_partner(label)
        window = draw_window(
            num,
            frames,
            self.temporal_ratio,
            clips.device,
            grid=self.window_grid,
            at=self.resample_at,
        )
        shares = self._draw_mixup(num, clips.device)
        joints = self.draw_joints(label, partner)
        if self.bones is not None:
            # No bone leads to a root: it is not pasted.
            joints = joints & ~self.bones.roots
        there = self.counted_persons(clips)
        cells, pasted = pasted_cells(window, joints, there, partner)
        cut = Mixture(
            partner,
            # Resampling would warp a sample that is its own partner.
            source=window.source
            if self.temporal == 'resample' and num > 1
            else in_place(window.source),
            cells=cells,
            share=pasted,
            is_mixup=torch.zeros_like(partner, dtype=torch.bool),
        )
        return cut if shares is None else _some_mixup(cut, *shares)

    def counted_persons(self, clips: Tensor) -> Tensor:
        """Tell which slots for persons are pasted and counted.

        Args:
            clips (Tensor): Skeletons, shape (N, M, T, V, C).

        Returns:
            Tensor: bool, shape (N, M).
        """
        if self.persons == 'both' or self.bones is not None:
            return present_persons(clips)
        return torch.ones_like(clips[:, :, 0, 0, 0], dtype=torch.bool)

    def _draw_mixup(
        self, num: int, device: torch.device
    ) -> tuple[Tensor, Tensor] | None:
        """Which samples are a Mixup, and their shares; None: none ever is."""
        if self.mixup_prob == 0:
            return None
        is_mixup = torch.rand(num, device=device) < self.mixup_prob
        return is_mixup, draw_mixup_share(num, self.alpha, device)

    def draw_joints(self, label: Tensor, partner: Tensor) -> Tensor:
        """Draw the joints to paste, uniformly over the combinations.

        At joint level the combination drawn gives their number alone.

        Args:
            label (Tensor): Target distributions, shape (N, K).
            partner (Tensor): Index of each sample's partner, shape (N,).

        Returns:
            Tensor: bool, shape (N, V), True where the partner is pasted.
        """
        drawn = torch.randint(
            len(self.part_joints), (len(partner),), device=partner.device
        )
        joints = self.part_joints[drawn]
        if self.spatial == 'joint':
            return draw_subset(joints.sum(1), joints.size(1))
        return joints


def _some_mixup(cut: Mixture, is_mixup: Tensor, share: Tensor) -> Mixture:
    """Cut-Mix, but Mixup of the given share where ``is_mixup``."""
    mixup = is_mixup[:, None]
    persons, frames, joints = cut.cells
    return Mixture(
        cut.partner,
        source=torch.where(mixup, in_place(cut.source), cut.source),
        cells=Cells(
            persons | mixup,
            frames | mixup,
            torch.where(mixup, share[:, None], joints),
        ),
        share=torch.where(is_mixup, share, cut.share),
        is_mixup=is_mixup,
    )


def _combination_joints(layout: Layout, sizes: Sequence[int]) -> Tensor:
    """Joints of every combination in table order, bool, shape (B, V)."""
    masks = combination_masks(layout.num_parts, sizes)
    members = mask_to_parts(masks, layout.num_parts)
    parts = torch.from_numpy(layout.part_mask())
    return (members.float() @ parts.float()) > 0
