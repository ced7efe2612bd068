"""Deterministic part of mixing: weights in, mixed skeletons out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .drawing import Window

__all__ = ['Mixture', 'mix', 'pasted_weights', 'present_persons']


@dataclass(frozen=True, eq=False)
class Mixture:
    """What goes where in a batch of mixtures, before anything is mixed.

    Args:
        partner (Tensor): Partner of each sample, int64, shape (N,).
        source (Tensor): Partner's frame for each frame, int64, shape (N, T);
            always a valid frame, though outside the pasted window no weight
            falls on it.
        weights (Tensor): Weight of the partner in every cell, float32,
            shape (N, M, T, V).
        share (Tensor): Partner's share of the label, float32, shape (N,).
        is_mixup (Tensor): Whether the sample is a Mixup, bool, shape (N,);
            the others are Cut-Mix.
    """

    partner: Tensor
    source: Tensor
    weights: Tensor
    share: Tensor
    is_mixup: Tensor


def present_persons(clips: Tensor) -> Tensor:
    """Tell which persons are there at all.

    Args:
        clips (Tensor): Skeletons, shape (N, M, T, V, C); an absent person
            is all zeros.

    Returns:
        Tensor: bool, shape (N, M).
    """
    cells = clips.flatten(2)
    # Many times faster on a CPU than any() over floats, and not a number is
    # not zero for either.
    return (cells.amax(-1) != 0) | (cells.amin(-1) != 0)


def pasted_weights(
    window: Window, joints: Tensor, present: Tensor, partner: Tensor
) -> tuple[Tensor, Tensor]:
    """Weight of the partner in every cell, and its share of the sample.

    Args:
        window (Window): Pasted frames of each sample.
        joints (Tensor): Pasted joints, bool, shape (N, V).
        present (Tensor): Persons that are there, bool, shape (N, M).
        partner (Tensor): Partner of each sample, shape (N,).

    Returns:
        tuple[Tensor, Tensor]: Weights 0 or 1, shape (N, M, T, V), and the
        pasted share of joints x frames of the persons present, shape (N,).
    """
    both = present & present[partner]
    frames = (both[:, :, None] & window.inside[:, None]).float()
    weights = frames[..., None] * joints[:, None, None].float()
    persons = both.sum(1) / present.sum(1).clamp(min=1)
    share = window.inside.float().mean(1) * joints.float().mean(1) * persons
    return weights, share


def mix(clips: Tensor, mixture: Mixture) -> Tensor:
    """Blend each sample with frames of its partner.

    Args:
        clips (Tensor): Skeletons, shape (N, M, T, V, C).
        mixture (Mixture): What to mix; weight 0 keeps a cell bit by bit, 1
            replaces it bit by bit.

    Returns:
        Tensor: New tensor of the shape of ``clips``.
    """
    num, persons, frames = clips.shape[:3]
    person = torch.arange(persons, device=clips.device)
    rows = (mixture.partner[:, None] * persons + person)[:, :, None] * frames
    rows = (rows + mixture.source[:, None]).flatten()
    mixed = clips.reshape(num * persons * frames, -1).index_select(0, rows)
    mixed = mixed.view_as(clips)
    # Channel by channel and in place: a weight that stands for three numbers
    # would be broadcast by loops of length three, into yet another batch.
    for own, out in zip(clips.unbind(-1), mixed.unbind(-1)):
        torch.lerp(own, out, mixture.weights, out=out)
    return mixed
