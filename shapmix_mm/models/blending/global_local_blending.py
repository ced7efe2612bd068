"""GLMC's two mixtures of one pair: global Mixup and local Cut-Mix."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmaction.utils import SampleList
from torch import Tensor

from shapmix_mm.arguments import Positive

from .skeleton_blending import SkeletonBlending

__all__ = ['GlobalLocalBlending', 'Pairing']


class Pairing(NamedTuple):
    """What all pairs of a batch share.

    Args:
        own (Tensor): Share of the sample, a scalar.
        box (Tensor): Cells that the local mixture takes from the partner,
            bool, shape (T, V).
    """

    own: Tensor
    box: Tensor


@MODELS.register_module()
class GlobalLocalBlending(SkeletonBlending):
    r"""Mix each pair of samples twice, as a whole and in a box.

    The batch holds pairs, sample 2i and its partner 2i + 1, of two views
    each, as ``PairedSampler`` and ``MultiView`` make it. Of each pair come
    one sample with two views, both with the label
    :math:`\lambda y_a + (1 - \lambda) y_b`: the Mixup
    :math:`\lambda a_1 + (1 - \lambda) b_1`, and :math:`a_2` with a box of
    :math:`b_2`. One :math:`\lambda \sim \mathrm{Beta}(\alpha, \alpha)` and
    one box serve the whole batch. The box lies over frames x joints, the
    joints in the order of their numbers; its sides are
    :math:`2 \lfloor \lceil L \sqrt{1 - \lambda} \rceil / 2 \rfloor` about a
    uniform centre, and what lies outside is cut off. As published the label
    does not follow that. Source: Du et al., Global and Local Mixture
    Consistency Cumulative Learning for Long-tailed Visual Recognitions, CVPR
    2023.

    Args:
        args (tuple): ``num_classes`` and ``layout``, see
            :class:`SkeletonBlending`.
        alpha (float): Parameter of the Beta distribution. Defaults to 1.0.
        keep_originals (bool): Must be False: there is no view of an
            unmixed sample. Defaults to False.
        kwargs (dict): ``num_classes`` and ``layout``, if given by name.
    """

    num_clips: ClassVar[int] = 2

    def __init__(
        self,
        *args: Any,
        alpha: Positive = 1.0,
        keep_originals: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, keep_originals=keep_originals, **kwargs)
        if keep_originals:
            raise ValueError(
                'GlobalLocalBlending trains on mixtures alone; '
                'keep_originals must be False'
            )
        self.alpha = alpha

    def draw_pairing(self, clips: Tensor) -> Pairing:
        """Draw the share and the box of a batch.

        Args:
            clips (Tensor): Skeletons, shape (N, 2, M, T, V, C).

        Returns:
            Pairing: The same for all pairs.
        """
        both = torch.full((), float(self.alpha), device=clips.device)
        own = torch.distributions.Beta(
            both, both, validate_args=False
        ).sample()
        centre = torch.rand(2, device=clips.device)
        return pairing(own, centre, clips.shape[3:5])

    def mix(
        self, clips: Tensor, target: Tensor, pairing: Pairing
    ) -> tuple[Tensor, Tensor]:
        """Mix the pairs of a batch, without drawing anything.

        Args:
            clips (Tensor): Skeletons, shape (2 N, 2, M, T, V, C).
            target (Tensor): Target distributions, shape (2 N, K).
            pairing (Pairing): Share and box.

        Returns:
            tuple[Tensor, Tensor]: Both mixtures, shape (N, 2, M, T, V, C),
            and their labels, shape (N, K).
        """
        own, partner = clips[0::2], clips[1::2]
        whole = torch.lerp(partner[:, 0], own[:, 0], pairing.own)
        box = pairing.box[..., None]
        local = torch.where(box, partner[:, 1], own[:, 1])
        label = torch.lerp(target[1::2], target[0::2], pairing.own)
        return torch.stack([whole, local], 1), label

    @torch.no_grad()
    def forward(
        self, imgs: Tensor, batch_data_samples: SampleList
    ) -> tuple[Tensor, SampleList]:
        """Blend a batch of pairs.

        Args:
            imgs (Tensor): Skeletons, shape (2 N, 2, M, T, V, C).
            batch_data_samples (list[ActionDataSample]): 2 N samples.

        Returns:
            tuple[Tensor, list[ActionDataSample]]: N samples of two views,
            with soft labels, shape (K,). Neither argument is changed.

        Raises:
            ValueError: If the batch is no batch of pairs of two views.
        """
        self._check(imgs)
        if len(imgs) % 2:
            raise ValueError(
                f'{type(self).__name__} mixes pairs, the batch has '
                f'{len(imgs)} samples; use PairedSampler and an even '
                'batch_size'
            )
        with torch.autocast(imgs.device.type, enabled=False):
            target = self._targets(batch_data_samples, imgs.device)
            mixed, label = self.mix(
                imgs.float(), target, self.draw_pairing(imgs)
            )
        return mixed, [
            ActionDataSample().set_gt_label(row) for row in label.unbind()
        ]

    def draw_mixture(self, clips: Tensor, label: Tensor) -> Any:
        """Not used: a pair is mixed twice; see :meth:`draw_pairing`."""
        raise NotImplementedError


def pairing(own: Tensor, centre: Tensor, size: torch.Size) -> Pairing:
    """Share and box from random numbers.

    Args:
        own (Tensor): Share of the sample, a scalar.
        centre (Tensor): Centre of the box in frames and joints, as shares of
            them in [0, 1), shape (2,).
        size (torch.Size): T and V.

    Returns:
        Pairing: The same for all pairs.
    """
    ratio = (1 - own).sqrt()
    inside = []
    for at, length in zip(centre, size):
        half = (torch.ceil(length * ratio) / 2).floor()
        middle = (at * length).floor()
        cells = torch.arange(length, device=own.device)
        inside.append((cells >= middle - half) & (cells < middle + half))
    frames, joints = inside
    return Pairing(own, frames[:, None] & joints)
