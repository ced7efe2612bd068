"""What all ranks observed in a step, brought into the saliency table."""

from __future__ import annotations

import torch
from mmengine import dist
from torch import Tensor

from shapmix_mm.shapley import SaliencyTable, sum_by_class

from .guidance import Observation

__all__ = ['update_table']


def update_table(
    table: SaliencyTable,
    label: Tensor,
    observation: Observation | None,
    *,
    average: str,
    momentum: float,
    clamp: bool,
) -> None:
    """Move a table by the contributions of all ranks, alike on each.

    Args:
        table (SaliencyTable): The table.
        label (Tensor): Classes of this rank's samples, int64, shape (n,).
        observation (Observation, optional): Their contributions; None if
            this rank has observed nothing.
        average (str): ``'ema'`` or ``'recent'``.
        momentum (float): Share of the old value in the EMA.
        clamp (bool): Whether negative contributions count as zero.
    """
    shape = (table.values.size(0), table.values.size(1))
    sums = table.values.new_zeros(2, *shape, dtype=torch.float64)
    if observation is not None:
        values = observation.values
        values = values.clamp(min=0) if clamp else values
        sums = sum_by_class(values, label, observation.columns, shape)
    # One float64 tensor of 2 K B numbers is all that ranks exchange.
    dist.all_reduce(sums)
    totals, counts = sums.float()
    if average == 'recent':
        table.update_recent(totals, counts)
    else:
        table.update(totals, counts, momentum=momentum)
