"""Scores of a recognizer on skeletons of which only some parts move."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

import torch
from torch import Tensor, nn

from shapmix_mm.models.blending.mixing import any_nonzero
from shapmix_mm.shapley import mask_to_parts
from shapmix_mm.skeletons import Layout

__all__ = [
    'coalition_worths',
    'distinct_rows',
    'evaluating',
    'hold_joints',
    'part_joints',
    'score_held',
]


def coalition_worths(
    model: nn.Module,
    clips: Tensor,
    label: Tensor,
    mean: Tensor,
    coalitions: Tensor,
    layout: Layout,
    *,
    max_clips: int | None = None,
) -> tuple[Tensor, int]:
    """Worth of each sample's own coalitions, each distinct input scored once.

    The worth is the confidence in the sample's own class with all other parts
    at the mean pose, in evaluation mode and without autograd. Source:
    Shap-Mix, Sec. 3.3, below Eq. 2.

    Args:
        model (nn.Module): A recognizer.
        clips (Tensor): Skeletons, shape (n, 1, M, T, V, C).
        label (Tensor): Class indices, shape (n,), on the clips' device.
        mean (Tensor): Mean pose, shape (M, V, C).
        coalitions (Tensor): Bit masks of parts that move, int64, shape
            (n, R), on the CPU.
        layout (Layout): Skeleton layout.
        max_clips (int, optional): Most clips in one forward pass. Defaults
            to None: all in one.

    Returns:
        tuple[Tensor, int]: Probabilities, float32, shape (n, R), and Q, the
        number of clips that the model was given.
    """
    presence = torch.ones(len(clips), 1, 1, dtype=torch.bool)
    if not coalitions.all():
        # Waits for the GPU, which only inputs that may be equal are worth.
        presence = any_nonzero(clips.flatten(4)).squeeze(1).cpu()
    rows, masks, inverse = distinct_rows(coalitions, presence)
    kept = part_joints(masks, layout)[:, None]
    scores = score_held(model, clips, mean, rows, kept, max_clips=max_clips)
    inverse = inverse.to(label.device, non_blocking=True)
    return scores[inverse, label[:, None]], len(rows)


@torch.no_grad()
def score_held(
    model: nn.Module,
    clips: Tensor,
    mean: Tensor,
    rows: Tensor,
    kept: Tensor,
    *,
    max_clips: int | None = None,
) -> Tensor:
    """Probabilities of clips of which all but some points are held still.

    Evaluation mode, without autograd.

    Args:
        model (nn.Module): A recognizer.
        clips (Tensor): Skeletons, shape (n, 1, M, T, V, C).
        mean (Tensor): Mean pose, shape (M, V, C).
        rows (Tensor): Clip of each of the Q inputs, int64, on the CPU.
        kept (Tensor): Frames and joints that move in each input, bool, shape
            (Q, T or 1, V or 1), on the CPU.
        max_clips (int, optional): Most inputs in one forward pass. Defaults
            to None: all in one.

    Returns:
        Tensor: float32, shape (Q, K).
    """
    step = max_clips or len(rows)
    scores = []
    with evaluating(model):
        for own, moving in zip(rows.split(step), kept.split(step)):
            chosen = clips[own.to(clips.device, non_blocking=True)]
            inputs = hold_joints(chosen, mean, moving)
            logits = model(inputs, stage='head', mode='tensor')
            scores.append(logits.float().softmax(-1))
    return torch.cat(scores)


def part_joints(coalitions: Tensor, layout: Layout) -> Tensor:
    """Joints of the parts in each coalition.

    Args:
        coalitions (Tensor): Bit masks of parts, int64, shape (Q,).
        layout (Layout): Skeleton layout.

    Returns:
        Tensor: bool, shape (Q, V).
    """
    members = mask_to_parts(coalitions, layout.num_parts).float()
    return (members @ torch.from_numpy(layout.part_mask()).float()) > 0


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


def hold_joints(clips: Tensor, mean: Tensor, kept: Tensor) -> Tensor:
    """Hold all points that do not move at the mean pose.

    Frames in which a person is absent stay empty: a mean pose there would
    put a second person into the scene.

    Args:
        clips (Tensor): Skeletons, shape (Q, 1, M, T, V, C).
        mean (Tensor): Mean pose, shape (M, V, C).
        kept (Tensor): Frames and joints that move, bool, shape
            (Q, T or 1, V or 1).

    Returns:
        Tensor: Shape of ``clips``.
    """
    kept = kept.to(clips.device, non_blocking=True)
    present = any_nonzero(clips.flatten(4))[..., None, None]
    still = (mean.unsqueeze(1) * present).to(clips.dtype)
    return torch.where(kept[:, None, None, :, :, None], clips, still)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model in evaluation mode, then every module back as it was.

    ``model.train()`` would not do: it would also wake modules that a user
    holds in evaluation mode, such as frozen batch norm.

    Args:
        model (nn.Module): Any model.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
