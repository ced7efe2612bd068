"""The mix of Ta-CNN: one sample's upper body on another's lower body."""

from __future__ import annotations

from typing import Any, ClassVar, Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor

from .mixing import Cells
from .mixture_blending import MixtureBlending, paste_in_place

__all__ = ['TaCNNMixBlending']


@MODELS.register_module()
class TaCNNMixBlending(MixtureBlending):
    """SkeletonMix of Ta-CNN (Xu et al., AAAI 2022), as far as it is known.

    Each sample keeps its upper body and takes the lower body of a partner,
    joint for joint and frame for frame.

    The method's code was never released. Known from its authors (issue 1 of
    hikvision-research/skelact): upper and lower bodies of a batch are
    combined at random, and one sample in 16 is made that way. Not verified,
    and therefore ours: that trunk and arms are the upper body, that the
    label is the share of joints pasted, and that every sample is mixed.
    ``prob=1/16, keep_originals=False`` gives the authors' amount.

    Args:
        args (tuple): ``num_classes`` and ``layout``, see
            :class:`SkeletonBlending`.
        lower (Sequence[str]): Names of the body parts that the partner
            gives. Defaults to ('left_leg', 'right_leg').
        kwargs (dict): ``keep_originals`` and ``prob``, see
            :class:`MixtureBlending`.
    """

    lower_joints: Tensor
    pastes_parts: ClassVar[bool] = True

    def __init__(
        self,
        *args: Any,
        lower: Sequence[str] = ('left_leg', 'right_leg'),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        names = self.layout.part_names
        taken = [name in lower for name in names]
        if sum(taken) != len(lower) or sum(taken) in (0, len(names)):
            raise ValueError(
                f'lower must name some of the parts {names}, not all and '
                f'each once, got {lower!r}'
            )
        mask = torch.from_numpy(self.layout.part_mask())
        self.register_buffer(
            'lower_joints', mask[torch.tensor(taken)].any(0), persistent=False
        )

    def draw_weights(
        self, clips: Tensor, label: Tensor, partner: Tensor
    ) -> tuple[Cells, Tensor]:
        """Paste the lower body over the whole clip; see the base."""
        num, _, frames, num_joints = clips.shape[:4]
        every = torch.ones(num, frames, dtype=torch.bool, device=clips.device)
        joints = self.lower_joints.expand(num, num_joints)
        return paste_in_place(clips, partner, every, joints)
