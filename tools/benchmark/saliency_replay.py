"""Replay estimators on a frozen model whose worths are all known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator, Sequence

import torch
from torch import Tensor

from shapmix_mm.saliency import (
    Worths,
    choose_share,
    class_saliency,
    distinct_rows,
)
from shapmix_mm.shapley import SaliencyTable, get_estimator, sum_by_class

__all__ = ['FrozenModel', 'Scheme', 'replay']


@dataclass(frozen=True)
class Scheme:
    """How a table is learnt; the arguments of ``SaliencyHook``.

    Args:
        name (str): Name in tables and figures.
        estimator (str): Name of the estimator.
        average (str): ``'ema'`` or ``'recent'``. Defaults to 'ema'.
        interval (int): Training steps between updates; of a frozen model
            only the passes count. Defaults to 1.
        share (float): Share of the batch. Defaults to 1.0.
        momentum (float): Of the EMA. Defaults to 0.9.
    """

    name: str
    estimator: str
    average: str = 'ema'
    interval: int = 1
    share: float = 1.0
    momentum: float = 0.9

    def update(self, table: SaliencyTable, sums: Tensor) -> None:
        """Move a table by one update.

        Args:
            table (SaliencyTable): Table.
            sums (Tensor): Totals and counts, shape (2, K, B).
        """
        totals, counts = sums.float()
        if self.average == 'recent':
            table.update_recent(totals, counts)
        else:
            table.update(totals, counts, momentum=self.momentum)


@dataclass(frozen=True)
class FrozenModel:
    """All that a model can tell of N training samples.

    Args:
        worths (Tensor): Worth of every coalition, shape (N, 2**P).
        label (Tensor): Classes, int64, shape (N,).
        num_classes (int): K.
        presence (Tensor): Frames in which each person is there, bool, shape
            (N, M, T).
        gradcam (Tensor, optional): Grad-CAM of each combination, shape
            (N, B), for the scheme of that name. Defaults to None.
    """

    worths: Tensor
    label: Tensor
    num_classes: int
    presence: Tensor
    gradcam: Tensor | None = None

    @property
    def num_parts(self) -> int:
        """int: P, the number of parts."""
        return self.worths.size(1).bit_length() - 1

    @property
    def class_counts(self) -> Tensor:
        """Tensor: Samples of each class, shape (K,)."""
        return self.label.bincount(minlength=self.num_classes)

    def exact(self, sizes: Sequence[int]) -> Tensor:
        """Exact value of every class and combination.

        Args:
            sizes (Sequence[int]): Combination sizes.

        Returns:
            Tensor: float64, shape (K, B); NaN for a class without samples.
        """
        worths = Worths(self.worths, self.label, ())
        exact = class_saliency(worths, self.num_parts, sizes, self.num_classes)
        return torch.from_numpy(exact.values[:, exact.columns(sizes)])


def replay(
    frozen: FrozenModel,
    scheme: Scheme,
    sizes: Sequence[int] = (2, 3),
    *,
    passes: Sequence[float],
    batch_size: int = 32,
    seed: int = 0,
) -> Iterator[SaliencyTable]:
    """Learn a table from batches of samples in random order.

    Worths are looked up, and counted as the hook counts them: clips that the
    model would be given over the batch size. Inputs that are equal, those of
    the empty coalition, count once.

    Args:
        frozen (FrozenModel): Worths of all samples.
        scheme (Scheme): What to score and how to average.
        sizes (Sequence[int]): Combination sizes. Defaults to (2, 3).
        passes (Sequence[float]): Budgets, ascending, in forward passes of a
            batch.
        batch_size (int): N. Defaults to 32.
        seed (int): Seed of order and draws. Defaults to 0.

    Yields:
        SaliencyTable: The table when each budget is spent; the same object,
        so that it has to be read before the next is asked for.
    """
    generator = torch.Generator().manual_seed(seed)
    table = SaliencyTable(frozen.num_classes, frozen.num_parts, sizes)
    observe = _observer(frozen, scheme, sizes, generator)
    batches = _batches(len(frozen.label), batch_size, generator)
    shape = (table.values.size(0), table.values.size(1))
    spent = 0
    for budget in passes:
        while spent < budget * batch_size:
            batch = next(batches)
            rows, places, total = choose_share(
                frozen.label[batch],
                frozen.class_counts.clamp(min=1),
                share=scheme.share,
                generator=generator,
            )
            chosen = batch[rows]
            values, columns, scored = observe(chosen, places, total)
            spent += scored
            label = frozen.label[chosen]
            scheme.update(table, sum_by_class(values, label, columns, shape))
        yield table


def _observer(
    frozen: FrozenModel,
    scheme: Scheme,
    sizes: Sequence[int],
    generator: torch.Generator,
) -> Callable[[Tensor, Tensor, int], tuple[Tensor, Tensor, int]]:
    """What the hook's observers do, with worths that are known."""
    if scheme.estimator == 'gradcam':
        if frozen.gradcam is None:
            raise ValueError(f'{scheme.name}: the Grad-CAM is not known')
        cam = frozen.gradcam
        columns = torch.arange(cam.size(1))
        return lambda batch, places, total: (
            cam[batch],
            columns.expand(len(batch), -1),
            len(batch),
        )
    estimator = get_estimator(scheme.estimator, frozen.num_parts, sizes)

    def observe(
        batch: Tensor, places: Tensor, total: int
    ) -> tuple[Tensor, Tensor, int]:
        plan = estimator.plan(total, generator=generator).take(places)
        worths = frozen.worths[batch].gather(1, plan.coalitions)
        rows, _, _ = distinct_rows(plan.coalitions, frozen.presence[batch])
        return plan.contributions(worths), plan.columns, len(rows)

    return observe


def _batches(
    num: int, batch_size: int, generator: torch.Generator
) -> Iterator[Tensor]:
    """Endless batches that run through one random order after another."""
    left = torch.empty(0, dtype=torch.long)
    while True:
        while len(left) < batch_size:
            left = torch.cat((left, torch.randperm(num, generator=generator)))
        yield left[:batch_size]
        left = left[batch_size:]
