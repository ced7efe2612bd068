"""What all skeleton blends share: batches in, batches and soft labels out.

A blend draws all that is random before it mixes anything.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from mmaction.models.utils.blending_utils import BaseMiniBatchBlending
from mmaction.structures import ActionDataSample
from mmaction.utils import SampleList
from torch import Tensor, nn

from shapmix_mm.arguments import PositiveInt
from shapmix_mm.skeletons import Layout, get_layout

from .mixing import Mixture, mix

__all__ = ['SkeletonBlending']


class SkeletonBlending(nn.Module, BaseMiniBatchBlending):
    """Base of the blends that know the body; each draws a :class:`Mixture`.

    A blend is a module: its buffers lie in the checkpoint under
    ``data_preprocessor.blending`` and move with the model. It must therefore
    be the preprocessor's ``blending`` itself; nested in
    ``RandomBatchAugment`` its state would be lost.

    Args:
        num_classes (int): K, the number of classes.
        layout (str or dict): Skeleton layout with its body parts, see
            :func:`shapmix_mm.skeletons.get_layout`.
        keep_originals (bool): Whether the N samples of the batch stay in
            front of the N mixed ones. Defaults to True.
    """

    num_classes: int
    #: Clips of each sample in the batch.
    num_clips: ClassVar[int] = 1
    #: Whether it pastes parts of the body, as the layout divides its joints.
    pastes_parts: ClassVar[bool] = False

    def __init__(
        self,
        num_classes: PositiveInt,
        layout: str | dict | Layout,
        *,
        keep_originals: bool = True,
    ) -> None:
        nn.Module.__init__(self)
        BaseMiniBatchBlending.__init__(self, num_classes)
        self.layout = get_layout(layout)
        self.keep_originals = keep_originals

    @abstractmethod
    def draw_mixture(self, clips: Tensor, label: Tensor) -> Mixture:
        """Draw what goes where, without mixing anything.

        Args:
            clips (Tensor): Skeletons, shape (N, M, T, V, C).
            label (Tensor): Target distributions, shape (N, K).

        Returns:
            Mixture: Partners, frames, weights and label shares.
        """

    def carry_out(
        self, clips: Tensor, mixture: Mixture, *, out: Tensor | None = None
    ) -> Tensor:
        """Mix skeletons as drawn; how is the blend's own affair.

        Args:
            clips (Tensor): Skeletons, shape (N, M, T, V, C).
            mixture (Mixture): What to mix.
            out (Tensor, optional): Contiguous tensor of the shape of
                ``clips`` to write to. Defaults to None: a new one.

        Returns:
            Tensor: The mixed skeletons.
        """
        return mix(clips, mixture, out=out)

    def do_blending(  # type: ignore[override]
        self, imgs: Tensor, label: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mix a batch without touching it, as MMAction2 names it.

        Args:
            imgs (Tensor): Skeletons, shape (N, 1, M, T, V, C), float32.
            label (Tensor): Target distributions, shape (N, K), float32.

        Returns:
            tuple[Tensor, Tensor]: Mixed skeletons and their soft labels, of
            the same shapes.
        """
        out = imgs.new_empty(imgs.shape)
        return out, self._blend_into(out, imgs, label)

    def _blend_into(self, out: Tensor, imgs: Tensor, label: Tensor) -> Tensor:
        """Write the mixed skeletons to ``out``; soft labels, shape (N, K)."""
        clips = imgs.squeeze(1)
        mixture = self.draw_mixture(clips, label)
        self.carry_out(clips, mixture, out=out.squeeze(1))
        theirs = label.index_select(0, mixture.partner)
        return torch.lerp(label, theirs, mixture.share[:, None])

    @torch.no_grad()
    def forward(
        self, imgs: Tensor, batch_data_samples: SampleList
    ) -> tuple[Tensor, SampleList]:
        """Blend a batch.

        Args:
            imgs (Tensor): Skeletons, shape (N, 1, M, T, V, C).
            batch_data_samples (list[ActionDataSample]): N samples with hard
                labels, shape (1,), or soft ones, shape (K,).

        Returns:
            tuple[Tensor, list[ActionDataSample]]: The N originals followed
            by the N mixed samples, or the mixed ones alone; all labels are
            soft, shape (K,). Neither argument is changed.

        Raises:
            ValueError: If the batch is no batch of single clips, its joints
                do not fit the layout, or a label is out of range.
        """
        self._check(imgs)
        with torch.autocast(imgs.device.type, enabled=False):
            imgs = imgs.float()
            label = self._targets(batch_data_samples, imgs.device)
            kept = imgs if self.keep_originals else imgs[:0]
            both = imgs.new_empty(len(kept) + len(imgs), *imgs.shape[1:])
            both[: len(kept)] = kept
            mixed_label = self._blend_into(both[len(kept) :], imgs, label)
        samples = [
            ActionDataSample().set_gt_label(row)
            for row in mixed_label.unbind()
        ]
        if not self.keep_originals:
            return both, samples
        originals = [
            sample.new().set_gt_label(row)
            for sample, row in zip(batch_data_samples, label.unbind())
        ]
        return both, originals + samples

    def _check(self, imgs: Tensor) -> None:
        clips = self.num_clips
        if imgs.ndim != 6 or imgs.size(1) != clips:
            count = 'one clip' if clips == 1 else f'{clips} clips'
            raise ValueError(
                f'{type(self).__name__} needs batches of shape (N, {clips}, '
                f'M, T, V, C), {count} per sample, got {tuple(imgs.shape)}'
            )
        self.layout.check_joints(imgs.size(4), 'the batch')

    def _targets(self, samples: SampleList, device: torch.device) -> Tensor:
        labels = [sample.gt_label for sample in samples]
        if labels[0].numel() > 1:
            return torch.stack(labels).to(device).float()
        index = torch.cat(labels).to(device)
        # On a GPU the same check would stall the stream; there the dataset's
        # own check of its labels has to do.
        if device.type == 'cpu' and not bool(
            ((index >= 0) & (index < self.num_classes)).all()
        ):
            raise ValueError(
                f'{type(self).__name__} was built for {self.num_classes} '
                f'classes, the batch has labels {index.tolist()}'
            )
        target = torch.zeros(len(samples), self.num_classes, device=device)
        return target.scatter_(1, index[:, None].long(), 1.0)
