"""Deterministic part of mixing: weights in, mixed skeletons out."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

import torch
from torch import Tensor

from .drawing import Window

__all__ = [
    'Cells',
    'Mixture',
    'any_nonzero',
    'mix',
    'pasted_cells',
    'present_persons',
    'seen_share',
    'whole_cells',
]

# Frames that share a loop in mix(): one has too few joints to fill it.
LOOP_FRAMES = 8


class Cells(NamedTuple):
    """Cells that take from the partner: persons x frames x joints.

    Args:
        persons (Tensor): Persons that take, bool, shape (N, M).
        frames (Tensor): Frames in which they take, bool, shape (N, T).
        joints (Tensor): Weight of the partner at each joint of those persons
            in those frames, float32, shape (N, V).
    """

    persons: Tensor
    frames: Tensor
    joints: Tensor

    @property
    def rows(self) -> Tensor:
        """Tensor: Whether a person takes in a frame, bool, (N, M, T)."""
        return self.persons[:, :, None] & self.frames[:, None]


@dataclass(frozen=True, eq=False)
class Mixture:
    """What goes where in a batch of mixtures, before anything is mixed.

    Args:
        partner (Tensor): Partner of each sample, int64, shape (N,).
        source (Tensor): Partner's frame for each frame, int32, shape (N, T);
            always a valid frame, though only rows that take use it.
        cells (Cells): Which cells take how much of the partner.
        share (Tensor): Partner's share of the label, float32, shape (N,).
        is_mixup (Tensor): Whether the sample is a Mixup, bool, shape (N,);
            the others are Cut-Mix.
    """

    partner: Tensor
    source: Tensor
    cells: Cells
    share: Tensor
    is_mixup: Tensor

    @property
    def weights(self) -> Tensor:
        """Tensor: Partner's weight in every cell, float32, (N, M, T, V)."""
        return self.cells.rows[..., None] * self.cells.joints[:, None, None]


def any_nonzero(values: Tensor) -> Tensor:
    """Tell where anything along the last dimension is not zero.

    Args:
        values (Tensor): Numbers, shape (..., L).

    Returns:
        Tensor: bool, shape (...); not a number is not zero.
    """
    # Several times faster on a CPU than any() over floats.
    return (values.amax(-1) != 0) | (values.amin(-1) != 0)


def present_persons(clips: Tensor) -> Tensor:
    """Tell which persons are there at all.

    Args:
        clips (Tensor): Skeletons, shape (N, M, T, V, C); an absent person
            is all zeros.

    Returns:
        Tensor: bool, shape (N, M).
    """
    values = clips.flatten(2)
    if values.device.type != 'cpu':
        return any_nonzero(values)
    # Most who are there at all are there in the first frame; only the others
    # need a look at the rest. On a GPU, to ask who they are would stall it.
    present = any_nonzero(clips[:, :, 0].flatten(2))
    unseen = (~present).nonzero(as_tuple=True)
    if len(unseen[0]):
        present[unseen] = any_nonzero(values[unseen])
    return present


def pasted_cells(
    window: Window, joints: Tensor, present: Tensor, partner: Tensor
) -> tuple[Cells, Tensor]:
    """Cells that the partner replaces, and their share of the sample.

    Args:
        window (Window): Pasted frames of each sample.
        joints (Tensor): Pasted joints, bool, shape (N, V).
        present (Tensor): Persons that are there, bool, shape (N, M).
        partner (Tensor): Partner of each sample, shape (N,).

    Returns:
        tuple[Cells, Tensor]: Cells of weight 0 or 1, and the pasted share of
        joints x frames of the persons present, shape (N,).
    """
    both = present & present[partner]
    weight = joints.float()
    persons = both.sum(1) / present.sum(1).clamp(min=1)
    pasted = window.inside.sum(1) / window.inside.size(1)
    share = pasted * weight.mean(1) * persons
    return Cells(both, window.inside, weight), share


def seen_share(
    mixture: Mixture, present: Tensor, own: Tensor, theirs: Tensor
) -> Tensor:
    r"""Partner's share of what is seen of both performers.

    With the share q(v) of its class's saliency that each joint carries, the
    window that receives frames, and the stretch of the partner's frames that
    is shown there,

    .. math:: s_i = 1 - \frac{window}{T} \sum_v q_i(v) w(v), \quad
        s_j = \frac{stretch}{T} \sum_v q_j(v) w(v), \quad
        share = \frac{s_j}{s_i + s_j}

    Of each it counts how much of its own motion is seen: sample i is without
    the pasted joints for the time of the window, while of the partner the
    whole stretch from the first to the last of its frames is shown, however
    few of them resampling has left. Of several persons those count that are
    pasted. Where saliency is even over the joints and nothing is resampled
    this is the pasted area, and a Mixup keeps its share.

    Args:
        mixture (Mixture): What is mixed; its share is not used.
        present (Tensor): Persons that count, bool, shape (N, M).
        own (Tensor): Saliency of each joint for the class of the sample, not
            negative, shape (N, V); rows sum to 1.
        theirs (Tensor): The same for the class of the partner.

    Returns:
        Tensor: float32, shape (N,); 0 where nothing is seen of either.
    """
    persons, frames, joints = mixture.cells
    lost, shown = (
        (persons & who).sum(1) / who.sum(1).clamp(min=1)
        for who in (present, present[mixture.partner])
    )
    length = frames.size(1)
    last = mixture.source.masked_fill(~frames, -1).amax(1)
    first = mixture.source.masked_fill(~frames, length).amin(1)
    left = 1 - lost * frames.sum(1) / length * (own * joints).sum(1)
    stretch = (last + 1 - first).clamp(min=0) / length
    seen = shown * stretch * (theirs * joints).sum(1)
    return seen / (left + seen).clamp(min=torch.finfo().tiny)


def whole_cells(clips: Tensor, share: Tensor) -> Cells:
    """Let every cell of a sample take the same share of the partner.

    Args:
        clips (Tensor): Skeletons, shape (N, M, T, V, C).
        share (Tensor): Partner's share, shape (N,).

    Returns:
        Cells: All cells, with the share at every joint.
    """
    every = torch.ones((), dtype=torch.bool, device=clips.device)
    return Cells(
        every.expand(clips.shape[:2]),
        every.expand(len(clips), clips.size(2)),
        share[:, None].expand(-1, clips.size(3)),
    )


def mix(
    clips: Tensor, mixture: Mixture, *, out: Tensor | None = None
) -> Tensor:
    """Blend each sample with frames of its partner.

    Args:
        clips (Tensor): Skeletons, shape (N, M, T, V, C).
        mixture (Mixture): What to mix; weight 0 keeps a cell bit by bit, 1
            replaces it bit by bit.
        out (Tensor, optional): Contiguous tensor of the shape of ``clips``
            to write to, none of it shared with ``clips``. Defaults to None:
            a new one.

    Returns:
        Tensor: The mixed skeletons.
    """
    num, _, frames, _, channels = clips.shape
    clips = clips.contiguous()
    out = torch.empty_like(clips) if out is None else out
    rows = _source_rows(mixture)
    own, mixed = (x.view(len(rows), -1) for x in (clips, out))
    torch.index_select(own, 0, rows, out=mixed)
    # All rows of a sample have the same weights, so a loop may span several.
    joints = mixture.cells.joints.repeat_interleave(channels, 1)
    loop = gcd(frames, LOOP_FRAMES)
    weight = joints[:, None].expand(-1, loop, -1).reshape(num, 1, -1)
    own, mixed = (x.view(num, -1, weight.size(2)) for x in (clips, out))
    torch.lerp(own, mixed, weight, out=mixed)
    return out


def _source_rows(mixture: Mixture) -> Tensor:
    """Number of the row that comes to each row, partner's or own, (NMT,)."""
    persons, frames, _ = mixture.cells
    num, length = frames.shape
    # Half the bytes of int64 are moved faster.
    own = torch.arange(
        persons.numel() * length, dtype=torch.int32, device=frames.device
    ).view(num, -1, length)
    first = own[:, 0]
    # The way from a row to the one it takes is the same for every person.
    shift = (first[:, :1][mixture.partner] + mixture.source - first) * frames
    return (own + shift[:, None] * persons[:, :, None]).flatten()
