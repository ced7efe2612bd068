"""Deterministic part of mixing: weights in, mixed skeletons out."""

from __future__ import annotations

import torch
from torch import Tensor

from .drawing import Window

__all__ = ['mix', 'pasted_weights', 'present_persons']


def present_persons(clips: Tensor) -> Tensor:
    """Tell which persons are there at all.

    Args:
        clips (Tensor): Skeletons, shape (N, M, T, V, C); an absent person
            is all zeros.

    Returns:
        Tensor: bool, shape (N, M).
    """
    return clips.flatten(2).any(-1)


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
    cells = window.inside[:, None, :, None] & joints[:, None, None, :]
    weights = cells & both[:, :, None, None]
    persons = both.sum(1) / present.sum(1).clamp(min=1)
    share = window.inside.float().mean(1) * joints.float().mean(1) * persons
    return weights.float(), share


def mix(
    clips: Tensor, weights: Tensor, partner: Tensor, source: Tensor
) -> Tensor:
    """Blend each sample with frames of its partner.

    Args:
        clips (Tensor): Skeletons, shape (N, M, T, V, C).
        weights (Tensor): Weight of the partner, shape (N, M, T, V) or a
            shape that broadcasts to it; 0 keeps a cell bit by bit, 1
            replaces it bit by bit.
        partner (Tensor): Partner of each sample, int64, shape (N,).
        source (Tensor): Partner's frame for each frame, int64, shape (N, T).

    Returns:
        Tensor: New tensor of the shape of ``clips``.
    """
    num, persons, frames = clips.shape[:3]
    person = torch.arange(persons, device=clips.device)
    rows = (partner[:, None] * persons + person)[:, :, None] * frames
    rows = (rows + source[:, None]).flatten()
    pasted = clips.reshape(num * persons * frames, -1).index_select(0, rows)
    return torch.lerp(clips, pasted.view_as(clips), weights.unsqueeze(-1))
