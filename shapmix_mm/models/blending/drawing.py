"""Random parameters of a mixture, drawn for a whole batch at once."""

from __future__ import annotations

from math import ceil, floor
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Beta

__all__ = [
    'Window',
    'draw_category',
    'draw_mixup_share',
    'draw_partner',
    'draw_subset',
    'draw_window',
    'in_place',
    'place_window',
]


class Window(NamedTuple):
    """Where each sample receives frames, and from which source frames.

    Args:
        inside (Tensor): bool, shape (N, T), True inside the pasted window.
        source (Tensor): int32, shape (N, T), frame of the partner that goes
            to each frame; meaningful inside the window only, but always a
            valid frame number.
    """

    inside: Tensor
    source: Tensor


def draw_partner(num: int, device: torch.device) -> Tensor:
    """Pair every sample with another one, uniformly at random.

    The samples are linked in one random cycle, so that no sample is its own
    partner and each serves exactly once; any N >= 2 works, odd ones too. A
    batch of one sample is its own partner and is left as it is by mixing.

    Args:
        num (int): N, the batch size.
        device (torch.device): Device of the result.

    Returns:
        Tensor: int64, shape (N,).
    """
    cycle = torch.randperm(num, device=device)
    partner = torch.empty_like(cycle)
    partner[cycle] = cycle.roll(-1)
    return partner


def draw_mixup_share(num: int, alpha: float, device: torch.device) -> Tensor:
    """Draw the partner's share of each Mixup from Beta(alpha, alpha).

    Args:
        num (int): N, the batch size.
        alpha (float): Both parameters of the distribution.
        device (torch.device): Device of the result.

    Returns:
        Tensor: float32, shape (N,).
    """
    both = torch.full((num,), float(alpha), device=device)
    # Checking the parameters would wait for the GPU.
    return Beta(both, both, validate_args=False).sample()


def draw_category(logits: Tensor, row: Tensor) -> Tensor:
    """Draw from the softmax of a row of logits, for each sample its own.

    The chances are added up once for each row, and one uniform number per
    sample is looked up in the sums; ``multinomial`` would wait for the GPU.

    Args:
        logits (Tensor): Shape (K, B).
        row (Tensor): Row to draw from, int64, shape (N,).

    Returns:
        Tensor: int64, shape (N,), numbers from 0 to B - 1.
    """
    # Without the last sum, 1 up to rounding, no draw can lie beyond all.
    sums = logits.softmax(1).cumsum(1)[:, :-1]
    drawn = torch.rand(len(row), 1, device=row.device)
    return torch.searchsorted(sums[row], drawn, right=True).squeeze(1)


def draw_subset(size: Tensor, num_joints: int) -> Tensor:
    """Draw joints of a given number, each subset of that size alike.

    Args:
        size (Tensor): Joints to draw for each sample, shape (N,).
        num_joints (int): V, the joints there are.

    Returns:
        Tensor: bool, shape (N, V), True for the drawn joints.
    """
    order = torch.rand(len(size), num_joints, device=size.device).argsort(1)
    # The inverse permutation: the place of each joint in the order.
    return order.argsort(1) < size[:, None]


def draw_window(
    num: int,
    frames: int,
    ratio: tuple[float, float],
    device: torch.device,
    *,
    grid: int = 1,
    at: str = 'middle',
) -> Window:
    """Draw window and source clip of each sample.

    The window has N_t frames, a share of T uniform in ``ratio``; the source
    clip has a length uniform in [N_t, T] and is resampled down to N_t frames
    (paper, Sec. 3.2, temporal dimension). Positions are uniform.

    Args:
        num (int): N, the batch size.
        frames (int): T, the clip length; T = 1 gives the one frame.
        ratio (tuple[float, float]): Range of N_t / T.
        device (torch.device): Device of the result.
        grid (int): Frames of which lengths and positions are multiples.
            Defaults to 1.
        at (str): Frames that resampling takes, see :func:`place_window`.
            Defaults to 'middle'.

    Returns:
        Window: The window and its source frames.
    """
    low, high = ratio
    units = max(frames // grid, 1)
    unit = torch.rand(4, num, 1, device=device)
    if grid == 1:
        share = low + (high - low) * unit[0]
        length = (share * frames).round().clamp(1, frames)
    else:
        # A product such as 0.28 * 100 may miss a whole number by rounding.
        least = min(max(ceil(low * frames / grid - 1e-9), 1), units)
        most = min(max(floor(high * frames / grid + 1e-9), least), units)
        length = least + (unit[0] * (most - least + 1)).floor()
    longer, start = (unit[1:3] * (units + 1 - length)).floor().unbind()
    clip = length + longer
    origin = (unit[3] * (units + 1 - clip)).floor()
    return place_window(
        length * grid, start * grid, clip * grid, origin * grid, frames, at
    )


def place_window(
    length: Tensor,
    start: Tensor,
    clip: Tensor,
    origin: Tensor,
    frames: int,
    at: str = 'middle',
) -> Window:
    """Lay a source clip over a window.

    Args:
        length (Tensor): Frames of each window, float32, shape (N, 1).
        start (Tensor): Its first frame, shape (N, 1).
        clip (Tensor): Frames of the source clip, shape (N, 1).
        origin (Tensor): Its first frame, shape (N, 1).
        frames (int): T, the clip length.
        at (str): The source clip has a stretch for each frame of the window;
            ``'middle'`` takes the frame at the middle of the stretch,
            ``'start'`` the one at its start, as nearest-neighbour
            interpolation does. Defaults to 'middle'.

    Returns:
        Window: The window and its source frames.
    """
    # Frames stand at their middles, 0.5, 1.5 and so on, counted from the
    # window's start.
    middle = torch.arange(0.5, frames, device=length.device) - start
    inside = (middle > 0) & (middle < length)
    point = middle if at == 'middle' else middle - 0.5
    source = (point * clip / length).int() + origin.int()
    return Window(inside, source.clamp(0, frames - 1))


def in_place(frames: Tensor) -> Tensor:
    """Let every frame come from the partner's frame of the same number.

    Args:
        frames (Tensor): Anything of shape (N, T), for its shape and device.

    Returns:
        Tensor: int32, shape (N, T).
    """
    num, length = frames.shape
    own = torch.arange(length, dtype=torch.int32, device=frames.device)
    return own.expand(num, -1)
