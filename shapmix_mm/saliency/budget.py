"""Which samples of a batch an update of the saliency table looks at."""

from __future__ import annotations

from math import ceil

import numpy as np
import torch
from mmengine import dist
from torch import Tensor

__all__ = ['choose_share', 'shared_generator']


def shared_generator(seed: int, iteration: int) -> torch.Generator:
    """Random stream of an iteration, the same on all ranks and in resumes.

    Args:
        seed (int): Seed that the ranks agree on.
        iteration (int): Training step.

    Returns:
        torch.Generator: CPU generator.
    """
    state = np.random.SeedSequence([seed, iteration])
    mixed = int(state.generate_state(1, np.uint64)[0] >> np.uint64(1))
    return torch.Generator().manual_seed(mixed)


def choose_share(
    label: Tensor,
    class_counts: Tensor,
    *,
    share: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor, int]:
    """Choose a share of the batch of all ranks, rare classes first.

    A class of n_k training samples is drawn with weight 1 / n_k: a frequent
    class has more contributions behind its mean than it needs. The choice is
    one weighted draw without replacement over the samples of all ranks, so
    that it does not depend on their number.

    Args:
        label (Tensor): Classes of this rank's samples, int64, shape (n,),
            on the CPU.
        class_counts (Tensor): Training samples of each class, shape (K,).
        share (float): Share of the samples to choose, in (0, 1].
        generator (torch.Generator): CPU generator, equal on all ranks.

    Returns:
        tuple[Tensor, Tensor, int]: Indices of the chosen samples of this
        rank, their places in the batch of all ranks, both int64, and the
        size of that batch. MMEngine's sampler deals samples out in turn, so
        that sample i of rank r has place ``i * ranks + r``.
    """
    ranks, rank = dist.get_world_size(), dist.get_rank()
    places = torch.arange(len(label)) * ranks + rank
    if share == 1:
        return torch.arange(len(label)), places, ranks * len(label)
    # Counts and places of all ranks; batches may differ in length at the end.
    both = dist.all_gather_object([places.tolist(), label.tolist()])
    order = torch.tensor(sum((own[0] for own in both), []))
    classes = torch.tensor(sum((own[1] for own in both), []))
    total = int(order.max()) + 1
    noise = torch.empty(total).exponential_(generator=generator)[order]
    weighted = noise * class_counts.cpu()[classes]
    chosen = order[weighted.argsort()[: ceil(share * len(order))]]
    own = torch.isin(places, chosen)
    return own.nonzero().flatten(), places[own], total
