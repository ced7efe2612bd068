"""ST-Mix: Mixup, or pasting body parts over a down-sampled time window."""

from __future__ import annotations

from typing import Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor

from shapmix_mm.shapley import combination_masks, mask_to_parts
from shapmix_mm.skeletons import Layout

from .drawing import draw_mixup_share, draw_partner, draw_window
from .mixing import mix, pasted_weights, present_persons
from .skeleton_blending import SkeletonBlending

__all__ = ['STMixBlending']


@MODELS.register_module()
class STMixBlending(SkeletonBlending):
    """Spatial-temporal mixing of skeletons (Shap-Mix paper, Sec. 3.2).

    Each sample i gets a partner j and one of two mixtures: Mixup of the
    whole sequences, or Cut-Mix, where a random combination of body parts of
    j, over a clip of j resampled down to a window of i, is pasted into i.
    The soft label follows the share that was really pasted. Only persons
    present in both samples are mixed part by part: a limb pasted onto an
    absent person would float in the void.

    Args:
        num_classes (int): K, the number of classes.
        layout (str or dict): Skeleton layout with its body parts.
        keep_originals (bool): Whether the originals stay in front of the
            mixed samples (2N out). Defaults to True.
        sizes (Sequence[int]): Numbers of parts that may be pasted together.
            Defaults to (2, 3).
        temporal_ratio (tuple[float, float]): Range of the pasted length as a
            share of T. Defaults to (0.4, 0.7).
        mixup_prob (float): Probability of Mixup instead of Cut-Mix, per
            sample. Defaults to 0.25.
        alpha (float): Mixup draws its share from Beta(alpha, alpha).
            Defaults to 1.0.
    """

    part_joints: Tensor

    def __init__(
        self,
        num_classes: int,
        layout: str | dict | Layout,
        *,
        keep_originals: bool = True,
        sizes: Sequence[int] = (2, 3),
        temporal_ratio: tuple[float, float] = (0.4, 0.7),
        mixup_prob: float = 0.25,
        alpha: float = 1.0,
    ) -> None:
        super().__init__(num_classes, layout, keep_originals=keep_originals)
        low, high = temporal_ratio
        if not 0 < low <= high <= 1:
            raise ValueError(
                'temporal_ratio must be (low, high) with '
                f'0 < low <= high <= 1, got {temporal_ratio}'
            )
        if not 0 <= mixup_prob <= 1:
            raise ValueError(
                f'mixup_prob must lie in [0, 1], got {mixup_prob}'
            )
        if not alpha > 0:
            raise ValueError(f'alpha must be positive, got {alpha}')
        self.sizes = tuple(sizes)
        self.temporal_ratio = (low, high)
        self.mixup_prob = mixup_prob
        self.alpha = alpha
        members = mask_to_parts(
            combination_masks(self.layout.num_parts, self.sizes),
            self.layout.num_parts,
        )
        parts = torch.from_numpy(self.layout.part_mask())
        joints = (members.float() @ parts.float()) > 0
        self.register_buffer('part_joints', joints, persistent=False)

    def do_blending(  # type: ignore[override]
        self, imgs: Tensor, label: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mix every sample with a partner; see the base class."""
        clips = imgs.squeeze(1)
        num, _, frames = clips.shape[:3]
        device = clips.device
        partner = draw_partner(num, device)
        window = draw_window(num, frames, self.temporal_ratio, device)
        is_mixup = torch.rand(num, device=device) < self.mixup_prob
        share = draw_mixup_share(num, self.alpha, device)
        joints = self.draw_joints(label, partner)

        present = present_persons(clips)
        weights, pasted = pasted_weights(window, joints, present, partner)
        weights = torch.where(
            is_mixup.view(-1, 1, 1, 1), share.view(-1, 1, 1, 1), weights
        )
        pasted = torch.where(is_mixup, share, pasted)
        source = torch.where(
            is_mixup[:, None],
            torch.arange(frames, device=device),
            window.source,
        )
        mixed = mix(clips, weights, partner, source)
        mixed_label = torch.lerp(label, label[partner], pasted[:, None])
        return mixed.unsqueeze(1), mixed_label

    def draw_joints(self, label: Tensor, partner: Tensor) -> Tensor:
        """Draw the joints to paste, uniformly over the combinations.

        Args:
            label (Tensor): Target distributions, shape (N, K).
            partner (Tensor): Index of each sample's partner, shape (N,).

        Returns:
            Tensor: bool, shape (N, V), True where the partner is pasted.
        """
        drawn = torch.randint(
            len(self.part_joints), (len(partner),), device=partner.device
        )
        return self.part_joints[drawn]
