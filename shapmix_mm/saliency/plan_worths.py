"""Worths of planned coalitions, each distinct input scored once."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from shapmix_mm.models.blending.mixing import any_nonzero
from shapmix_mm.skeletons import Layout

from .coalition_scores import evaluating, keep_own_parts

__all__ = ['distinct_rows', 'plan_worths']


def distinct_rows(
    coalitions: Tensor, presence: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """List each input that has to be scored, once.

    Without any moving part a clip is the mean pose in the frames in which
    its persons are there, and clips with equal presence are equal.

    Args:
        coalitions (Tensor): Bit masks, int64, shape (n, R).
        presence (Tensor): Whether each person is there in each frame, bool,
            shape (n, M, T).

    Returns:
        tuple[Tensor, Tensor, Tensor]: Sample and coalition of each of the Q
        inputs, int64, shape (Q,), and for each planned coalition its input,
        shape (n, R).
    """
    num = len(coalitions)
    _, pattern = presence.flatten(1).unique(dim=0, return_inverse=True)
    first = torch.full((num,), num).scatter_reduce(
        0, pattern, torch.arange(num), 'amin'
    )
    sample = torch.arange(num)[:, None]
    sample = torch.where(coalitions == 0, first[pattern][:, None], sample)
    radix = int(coalitions.max()) + 1
    keys, inverse = (sample * radix + coalitions).unique(return_inverse=True)
    return keys // radix, keys % radix, inverse


def plan_worths(
    model: nn.Module,
    clips: Tensor,
    label: Tensor,
    mean: Tensor,
    coalitions: Tensor,
    layout: Layout,
) -> tuple[Tensor, int]:
    """Worth of each sample's own coalitions, in one forward pass.

    The worth is the confidence in the sample's own class, in evaluation mode
    and without autograd. Source: Shap-Mix, Sec. 3.3, below Eq. 2.

    Args:
        model (nn.Module): A recognizer.
        clips (Tensor): Skeletons, shape (n, 1, M, T, V, C).
        label (Tensor): Class indices, shape (n,), on the clips' device.
        mean (Tensor): Mean pose, shape (M, V, C).
        coalitions (Tensor): Bit masks, int64, shape (n, R), on the CPU.
        layout (Layout): Skeleton layout.

    Returns:
        tuple[Tensor, int]: Probabilities, float32, shape (n, R), and Q, the
        number of clips that the model was given.
    """
    presence = torch.ones(len(clips), 1, 1, dtype=torch.bool)
    if not coalitions.all():
        # Waits for the GPU, which only inputs that may be equal are worth.
        presence = any_nonzero(clips.flatten(4)).squeeze(1).cpu()
    rows, masks, inverse = distinct_rows(coalitions, presence)
    with torch.no_grad(), evaluating(model):
        scored = clips[rows.to(clips.device, non_blocking=True)]
        inputs = keep_own_parts(scored, mean, masks, layout)
        logits = model(inputs, stage='head', mode='tensor')
    scores = logits.float().softmax(-1)
    inverse = inverse.to(label.device, non_blocking=True)
    return scores[inverse, label[:, None]], len(rows)
