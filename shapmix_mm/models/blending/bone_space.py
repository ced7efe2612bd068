"""Pasting body parts as bone vectors, so that no limb floats."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from shapmix_mm.skeletons import Layout

from .mixing import Mixture, mix

__all__ = ['BoneSpace', 'ancestors']


def ancestors(layout: Layout) -> Tensor:
    """Bones that lead from a root to each joint, its own the last.

    Args:
        layout (Layout): The layout.

    Returns:
        Tensor: bool, shape (V, V); [j, a] is True where the bone of a is on
        the way to j.

    Raises:
        ValueError: If the parents of the layout lead in a circle.
    """
    way = torch.zeros(layout.num_joints, layout.num_joints, dtype=torch.bool)
    for joint in range(layout.num_joints):
        at = joint
        while layout.parents[at] != at:
            if way[joint, at]:
                raise ValueError(
                    f'layout {layout.name!r} has parents in a circle'
                )
            way[joint, at] = True
            at = layout.parents[at]
    return way


class BoneSpace(nn.Module):
    """Bones of a layout, and mixing by their directions.

    Args:
        layout (Layout): The layout.
    """

    parents: Tensor
    ways: Tensor

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.planar = layout.planar
        parents = torch.tensor(layout.parents)
        self.register_buffer('parents', parents, persistent=False)
        self.register_buffer('ways', ancestors(layout), persistent=False)

    @property
    def roots(self) -> Tensor:
        """Tensor: Joints that no bone leads to, bool, shape (V,)."""
        return ~self.ways.any(1)

    def mix(
        self, clips: Tensor, mixture: Mixture, *, out: Tensor | None
    ) -> Tensor:
        """Carry out a mixture, its Cut-Mix in directions of bones.

        A pasted joint takes the direction of the partner's bone and keeps
        the length of its own; joints behind it move along with it. The root
        stays where it is. A Mixup, and a score beside planar coordinates, are
        mixed joint by joint.

        Args:
            clips (Tensor): Joint coordinates, shape (N, M, T, V, C).
            mixture (Mixture): What to mix.
            out (Tensor, optional): Where to write, as for
                :func:`shapmix_mm.models.blending.mixing.mix`.

        Returns:
            Tensor: The mixed skeletons; what no pasted bone leads to is kept
            bit by bit.
        """
        mixed = mix(clips, mixture, out=out)
        rows = mixture.cells.rows[..., None]
        pasted = (mixture.cells.joints > 0) & ~mixture.is_mixup[:, None]
        change = self._change(clips, mixture, rows & pasted[:, None, None])
        # A joint moves by what the bones on the way to it have changed.
        shift = torch.einsum(
            'ja,nmtac->nmtjc', self.ways.to(change.dtype), change
        )
        moved = (self.ways & pasted[:, None]).any(2)[:, None, None]
        own = clips[..., : change.size(-1)]
        place = torch.where((rows & moved)[..., None], own + shift, own)
        space = mixed[..., : change.size(-1)]
        whole = mixture.is_mixup.view(-1, 1, 1, 1, 1)
        space.copy_(torch.where(whole, space, place))
        return mixed

    def _change(
        self, clips: Tensor, mixture: Mixture, takes: Tensor
    ) -> Tensor:
        """New bones less old ones, where a cell takes, (N, M, T, V, C)."""
        cells = mixture.cells
        every = cells._replace(joints=torch.ones_like(cells.joints))
        theirs = mix(clips, replace(mixture, cells=every))
        space = 2 if self.planar else clips.size(-1)
        own, partner = (
            (x - x.index_select(3, self.parents))[..., :space]
            for x in (clips, theirs)
        )
        size, length = (x.norm(dim=-1, keepdim=True) for x in (partner, own))
        # A partner's bone without a length has no direction either.
        turned = takes[..., None] & (size > 0)
        tiny = torch.finfo(size.dtype).tiny
        new = partner * (length / size.clamp(min=tiny))
        return torch.where(turned, new - own, 0.0)
