"""Pasting body parts as bone vectors, so that no limb floats."""

from __future__ import annotations

import torch
from torch import Tensor

from shapmix_mm.skeletons import Layout

from .mixing import Mixture, mix

__all__ = ['ancestors', 'paste_bones', 'roots']


def roots(layout: Layout) -> Tensor:
    """Joints that no bone leads to.

    Args:
        layout (Layout): The layout.

    Returns:
        Tensor: bool, shape (V,).
    """
    parents = torch.tensor(layout.parents)
    return parents == torch.arange(layout.num_joints)


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


def paste_bones(
    clips: Tensor, mixture: Mixture, layout: Layout, *, out: Tensor | None
) -> Tensor:
    """Carry out a mixture, its Cut-Mix in directions of bones.

    A pasted joint takes the direction of the partner's bone and keeps the
    length of its own; joints behind it move along with it. The root stays
    where it is. A Mixup, and a score beside planar coordinates, are mixed
    joint by joint, and so is nothing else.

    Args:
        clips (Tensor): Joint coordinates, shape (N, M, T, V, C).
        mixture (Mixture): What to mix.
        layout (Layout): The layout.
        out (Tensor, optional): Where to write, as for
            :func:`shapmix_mm.models.blending.mixing.mix`.

    Returns:
        Tensor: The mixed skeletons; what no pasted bone leads to is kept bit
        by bit.
    """
    mixed = mix(clips, mixture, out=out)
    cells = mixture.cells
    every = torch.ones_like(cells.joints)
    theirs = mix(
        clips,
        Mixture(
            mixture.partner,
            mixture.source,
            cells._replace(joints=every),
            mixture.share,
            mixture.is_mixup,
        ),
    )
    space = 2 if layout.planar else clips.size(-1)
    parents = torch.tensor(layout.parents, device=clips.device)
    way = ancestors(layout).to(clips.device)
    own, partner = (
        (x - x.index_select(3, parents))[..., :space] for x in (clips, theirs)
    )
    size, length = (x.norm(dim=-1, keepdim=True) for x in (partner, own))
    # A partner's bone without a length has no direction either.
    pasted = (cells.joints > 0) & ~mixture.is_mixup[:, None]
    takes = cells.rows[..., None] & pasted[:, None, None]
    turned = takes[..., None] & (size > 0)
    tiny = torch.finfo(size.dtype).tiny
    change = torch.where(
        turned, partner * (length / size.clamp(min=tiny)) - own, 0.0
    )
    # A joint moves by what the bones on the way to it have changed.
    shift = torch.einsum('ja,nmtac->nmtjc', way.to(change.dtype), change)
    moved = (way & pasted[:, None]).any(2)[:, None, None, :, None]
    whole = mixture.is_mixup.view(-1, 1, 1, 1, 1)
    place = torch.where(
        moved & cells.rows[..., None, None],
        clips[..., :space] + shift,
        clips[..., :space],
    )
    mixed[..., :space] = torch.where(whole, mixed[..., :space], place)
    return mixed
