"""Scores of a recognizer on skeletons of which only some parts move."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator, Sequence

import torch
from torch import Tensor, nn

from shapmix_mm.models.blending.mixing import any_nonzero
from shapmix_mm.shapley import mask_to_parts
from shapmix_mm.skeletons import Layout

__all__ = ['coalition_scores', 'evaluating', 'keep_own_parts', 'keep_parts']


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


def keep_parts(
    clips: Tensor, mean: Tensor, coalitions: Sequence[int], layout: Layout
) -> Tensor:
    """Hold all parts outside a coalition at the mean pose.

    Frames in which a person is absent stay empty: a mean pose there would
    put a second person into the scene.

    Args:
        clips (Tensor): Skeletons, shape (N, 1, M, T, V, C).
        mean (Tensor): Mean pose, shape (M, V, C).
        coalitions (Sequence[int]): R bit masks of parts that stay.
        layout (Layout): Skeleton layout.

    Returns:
        Tensor: Shape (R, N, 1, M, T, V, C).
    """
    joints = _joints(torch.tensor(coalitions), layout, clips.device)
    return _hold(clips, mean, joints.view(len(joints), 1, 1, 1, 1, -1, 1))


def keep_own_parts(
    clips: Tensor, mean: Tensor, coalitions: Tensor, layout: Layout
) -> Tensor:
    """As :func:`keep_parts`, with a coalition for each clip.

    Args:
        clips (Tensor): Skeletons, shape (Q, 1, M, T, V, C).
        mean (Tensor): Mean pose, shape (M, V, C).
        coalitions (Tensor): Bit masks of parts that stay, int64, shape (Q,).
        layout (Layout): Skeleton layout.

    Returns:
        Tensor: Shape of ``clips``.
    """
    joints = _joints(coalitions, layout, clips.device)
    return _hold(clips, mean, joints.view(len(joints), 1, 1, 1, -1, 1))


def _joints(
    coalitions: Tensor, layout: Layout, device: torch.device
) -> Tensor:
    masks = mask_to_parts(coalitions, layout.num_parts).float()
    joints = (masks @ torch.from_numpy(layout.part_mask()).float()) > 0
    return joints.to(device, non_blocking=True)


def _hold(clips: Tensor, mean: Tensor, keep: Tensor) -> Tensor:
    present = any_nonzero(clips.flatten(4))[..., None, None]
    still = mean.unsqueeze(1) * present
    return torch.where(keep, clips, still.to(clips.dtype))


def coalition_scores(
    model: nn.Module,
    clips: Tensor,
    label: Tensor,
    mean: Tensor,
    coalitions: Sequence[int],
    layout: Layout,
) -> Tensor:
    """Worth of coalitions: the confidence in each sample's own class.

    All coalitions go through the model in one forward pass, in evaluation
    mode and without autograd. Source: Shap-Mix, Sec. 3.3, below Eq. 2.

    Args:
        model (nn.Module): A recognizer.
        clips (Tensor): Skeletons, shape (N, 1, M, T, V, C).
        label (Tensor): Class indices, shape (N,).
        mean (Tensor): Mean pose, shape (M, V, C).
        coalitions (Sequence[int]): R bit masks.
        layout (Layout): Skeleton layout.

    Returns:
        Tensor: Probabilities, float32, shape (R, N).
    """
    with torch.no_grad(), evaluating(model):
        inputs = keep_parts(clips, mean, coalitions, layout).flatten(0, 1)
        logits = model(inputs, stage='head', mode='tensor')
    scores = logits.float().softmax(-1).unflatten(0, (len(coalitions), -1))
    index = label.expand(len(coalitions), -1).unsqueeze(-1)
    return scores.gather(2, index).squeeze(-1)
