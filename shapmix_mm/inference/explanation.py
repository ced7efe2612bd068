"""Why a recognizer gives a clip its class: Shapley values of what moves.

The worth of a set of parts, joints or time segments is the probability of a
class when they alone move and all else is at the mean pose (Shap-Mix, Sec.
3.3), so that the values of a clip add up to the difference between all and
nothing moving.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from shapmix_mm.saliency import part_joints, score_held
from shapmix_mm.saliency.exact import MAX_CLIPS
from shapmix_mm.shapley import combination_parts, exact_shapley, mask_to_parts
from shapmix_mm.skeletons import Layout

from .calibration import tempered
from .sentence import sentence

__all__ = [
    'ClassExplanation',
    'JointValues',
    'Segment',
    'explain_class',
    'joint_values',
    'part_worths',
    'segment_values',
]

# So many joints are enumerated, more are sampled.
_MOST_EXACT = 10


@dataclass(frozen=True)
class Segment:
    """A stretch of a clip.

    Args:
        start (int): Its first frame.
        end (int): The frame after its last.
        value (float): Shapley value among all segments.
    """

    start: int
    end: int
    value: float


@dataclass(frozen=True)
class ClassExplanation:
    """What makes a recognizer take a clip for a class, or not.

    Args:
        index (int): The class.
        name (str): Its name.
        none (float): Worth of no part: the probability of the mean pose.
        all (float): Worth of all parts: the probability of the clip.
        parts (np.ndarray): Shapley value of each part, shape (P,); they sum
            to ``all - none``.
        combinations (list[tuple]): Parts of each combination and its
            generalised Shapley value (Eq. 2).
        sentence (str): The values in words.
        joints (np.ndarray, optional): Value of each joint, shape (V,); they
            sum to ``all - none`` too.
        joint_errors (np.ndarray, optional): Their standard errors, zero
            where they are exact, shape (V,).
        segments (tuple[Segment], optional): Values of stretches of time.
    """

    index: int
    name: str
    none: float
    all: float
    parts: np.ndarray
    combinations: list[tuple[tuple[int, ...], float]]
    sentence: str
    joints: np.ndarray | None = None
    joint_errors: np.ndarray | None = None
    segments: tuple[Segment, ...] | None = None


@dataclass(frozen=True)
class JointValues:
    """Shapley values of joints for all classes.

    Args:
        values (Tensor): float64, shape (V, K).
        errors (Tensor): Standard errors, shape (V, K).
    """

    values: Tensor
    errors: Tensor


def _worths(
    model: nn.Module,
    clips: Tensor,
    mean: Tensor,
    kept: Tensor,
    temperature: float,
) -> Tensor:
    """Probabilities (R, K) of a sample, averaged over its clips.

    Args:
        model (nn.Module): The recognizer.
        clips (Tensor): The sample, shape (clips, M, T, V, C).
        mean (Tensor): Mean pose, shape (M, V, C).
        kept (Tensor): What moves, bool, shape (clips or 1, R, T or 1,
            V or 1).
        temperature (float): Temperature of the probabilities.
    """
    number, sets = len(clips), kept.size(1)
    kept = kept.expand(number, -1, -1, -1).flatten(0, 1)
    rows = torch.arange(number).repeat_interleave(sets)
    scores = score_held(
        model, clips.unsqueeze(1), mean, rows, kept, max_clips=MAX_CLIPS
    )
    worths = scores.unflatten(0, (number, sets)).mean(0).double().cpu()
    return torch.from_numpy(tempered(worths.numpy(), temperature))


def part_worths(
    model: nn.Module,
    clips: Tensor,
    mean: Tensor,
    layout: Layout,
    temperature: float = 1.0,
) -> Tensor:
    """Worth of every coalition of parts, for every class.

    Args:
        model (nn.Module): A recognizer.
        clips (Tensor): A sample, shape (clips, M, T, V, C).
        mean (Tensor): Mean pose, shape (M, V, C), on the clips' device.
        layout (Layout): Skeleton layout.
        temperature (float): Temperature of the probabilities. Defaults to
            1.0.

    Returns:
        Tensor: float64, shape (2**P, K), on the CPU; row m belongs to the
        parts of bit mask m.
    """
    masks = torch.arange(2**layout.num_parts)
    kept = part_joints(masks, layout)[None, :, None]
    return _worths(model, clips, mean, kept, temperature)


def segment_values(
    model: nn.Module,
    clips: Tensor,
    mean: Tensor,
    frames: np.ndarray,
    edges: Sequence[int],
    temperature: float = 1.0,
) -> Tensor:
    """Shapley values of stretches of time; the others are held still.

    Args:
        model (nn.Module): A recognizer.
        clips (Tensor): A sample, shape (clips, M, T, V, C).
        mean (Tensor): Mean pose, shape (M, V, C).
        frames (np.ndarray): Frame of the recording that each frame of the
            inputs shows, shape (clips * T,), NaN where none.
        edges (Sequence[int]): First frames of the S segments, and the end.
        temperature (float): Temperature of the probabilities. Defaults to
            1.0.

    Returns:
        Tensor: float64, shape (S, K).
    """
    number = len(edges) - 1
    place = np.searchsorted(edges[1:-1], np.round(frames), side='right')
    owner = torch.from_numpy(place).view(len(clips), clips.size(2))
    masks = mask_to_parts(torch.arange(2**number), number)
    # (clips, R, T, 1): whether the segment of each frame is in the coalition.
    kept = masks[:, owner].transpose(0, 1).unsqueeze(-1)
    worths = _worths(model, clips, mean, kept, temperature)
    if number < 2:
        return (worths[-1] - worths[0])[None]
    return exact_shapley(worths.T, number, (1,)).T


def joint_values(
    model: nn.Module,
    clips: Tensor,
    mean: Tensor,
    temperature: float = 1.0,
    *,
    permutations: int = 32,
    exact: bool | None = None,
    seed: int = 0,
) -> JointValues:
    """Shapley values of single joints: exact for few, else sampled.

    Each random order of the joints, and its reverse, gives a contribution of
    every joint; their mean is unbiased and sums to all less nothing.
    Source: permutation sampling with antithetic pairs (Mitchell et al., JMLR
    2022, Sec. 4.1).

    Args:
        model (nn.Module): A recognizer.
        clips (Tensor): A sample, shape (clips, M, T, V, C).
        mean (Tensor): Mean pose, shape (M, V, C).
        temperature (float): Temperature of the probabilities. Defaults to
            1.0.
        permutations (int): Orders, reverses among them, V - 1 forward passes
            each; rounded up to pairs, of which errors need two. Defaults to
            32.
        exact (bool, optional): Whether to score all 2^V sets. Defaults to
            None: for up to 10 joints.
        seed (int): Seed of the draws. Defaults to 0.

    Returns:
        JointValues: Values and standard errors.
    """
    joints = clips.size(3)
    if joints <= _MOST_EXACT if exact is None else exact:
        kept = mask_to_parts(torch.arange(2**joints), joints)
        worths = _worths(model, clips, mean, kept[None, :, None], temperature)
        values = exact_shapley(worths.T, joints, (1,)).T
        return JointValues(values, torch.zeros_like(values))
    generator = torch.Generator().manual_seed(seed)
    pairs = max(-(-permutations // 2), 2)
    order = torch.rand(pairs, joints, generator=generator).argsort(1)
    order = torch.stack((order, order.flip(1)), 1).flatten(0, 1)
    # Joint v moves in prefix i of its order if its rank is below i.
    rank = order.argsort(1)
    prefixes = rank[:, None] < torch.arange(joints + 1)[:, None]
    sets, inverse = prefixes.flatten(0, 1).unique(dim=0, return_inverse=True)
    worths = _worths(model, clips, mean, sets[None, :, None], temperature)
    worths = worths[inverse].unflatten(0, (2 * pairs, joints + 1))
    steps = worths.diff(dim=1)
    index = rank.unsqueeze(-1).expand_as(steps)
    each = steps.gather(1, index).unflatten(0, (pairs, 2)).mean(1)
    errors = each.std(0) / pairs**0.5
    return JointValues(each.mean(0), errors)


def explain_class(
    index: int,
    name: str,
    worths: Tensor,
    layout: Layout,
    sizes: Sequence[int],
    joints: JointValues | None = None,
    segments: tuple[Segment, ...] | None = None,
) -> ClassExplanation:
    """Put together what is known of one class.

    Args:
        index (int): The class.
        name (str): Its name.
        worths (Tensor): Worths of all coalitions, shape (2**P, K).
        layout (Layout): Skeleton layout.
        sizes (Sequence[int]): Numbers of parts of the combinations.
        joints (JointValues, optional): Values of joints. Defaults to None.
        segments (tuple[Segment], optional): Values of segments. Defaults to
            None.

    Returns:
        ClassExplanation: The explanation.
    """
    own = worths[:, index]
    number = layout.num_parts
    parts = exact_shapley(own, number, (1,)).numpy()
    blocks = exact_shapley(own, number, sizes).tolist()
    combinations = list(zip(combination_parts(number, sizes), blocks))
    none, everything = float(own[0]), float(own[-1])
    return ClassExplanation(
        index,
        name,
        none,
        everything,
        parts,
        combinations,
        sentence(
            name,
            layout.part_names,
            parts.tolist(),
            [dict(parts=b, value=v) for b, v in combinations],
            none,
            everything,
        ),
        None if joints is None else joints.values[:, index].numpy(),
        None if joints is None else joints.errors[:, index].numpy(),
        segments,
    )
