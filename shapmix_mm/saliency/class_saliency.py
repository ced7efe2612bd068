"""Exact values per class, and how far a learnt table is from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np
import torch

from shapmix_mm.shapley import combination_parts, exact_shapley

from .exact_saliency import Worths

__all__ = ['ClassSaliency', 'TableError', 'class_saliency', 'table_error']


@dataclass(frozen=True)
class ClassSaliency:
    """Exact generalised Shapley values of K classes.

    Args:
        combinations (list[tuple[int]]): Parts of each of the C columns: the
            P single parts, then the combinations of the other sizes.
        values (np.ndarray): Mean over the samples of a class, ``(K, C)``;
            NaN for a class without samples.
        std (np.ndarray): Standard deviation over them, ``(K, C)``; NaN with
            fewer than two samples.
        samples (np.ndarray): Samples of each class, int, ``(K,)``.
    """

    combinations: list[tuple[int, ...]]
    values: np.ndarray
    std: np.ndarray
    samples: np.ndarray

    def columns(self, sizes: Sequence[int]) -> list[int]:
        """Columns of the combinations of some sizes, in table order.

        Args:
            sizes (Sequence[int]): Numbers of parts.

        Returns:
            list[int]: Column indices.
        """
        return [
            column
            for column, parts in enumerate(self.combinations)
            if len(parts) in sizes
        ]


def class_saliency(
    worths: Worths, num_parts: int, sizes: Sequence[int], num_classes: int
) -> ClassSaliency:
    """Average the samples' exact values over each class.

    Args:
        worths (Worths): Worths of all coalitions of each sample.
        num_parts (int): P.
        sizes (Sequence[int]): Sizes of the combinations; single parts are
            always among them.
        num_classes (int): K.

    Returns:
        ClassSaliency: Values of each class.
    """
    sizes = sorted({1, *sizes})
    each = exact_shapley(worths.worths.double(), num_parts, sizes)
    member = torch.nn.functional.one_hot(worths.labels, num_classes).double()
    samples = member.sum(0)
    mean = (member.T @ each) / samples[:, None]
    # From the deviations: differences of squares would cancel.
    squares = member.T @ (each - mean[worths.labels]) ** 2
    freedom = (samples - 1).clamp(min=0)[:, None]
    return ClassSaliency(
        combination_parts(num_parts, sizes),
        mean.numpy(),
        (squares / freedom).sqrt().numpy(),
        samples.long().numpy(),
    )


@dataclass(frozen=True)
class TableError:
    """Distance of a table from exact values.

    Args:
        rmse (np.ndarray): Root mean square error of each class, ``(K,)``;
            NaN for a class with nothing to compare.
        rank_corr (np.ndarray): Spearman's correlation over the combinations
            of each class, ``(K,)``; NaN if either side is constant.
        overall_rmse (float): RMSE over all entries.
        overall_rank_corr (float): Spearman's correlation over all entries.
    """

    rmse: np.ndarray
    rank_corr: np.ndarray
    overall_rmse: float
    overall_rank_corr: float


def table_error(
    table: np.ndarray, exact: np.ndarray, updates: np.ndarray | None = None
) -> TableError:
    """Compare a learnt table with exact values, entry by entry.

    Args:
        table (np.ndarray): Learnt values ``(K, B)``.
        exact (np.ndarray): Exact values ``(K, B)``, NaN where unknown.
        updates (np.ndarray, optional): Updates of each entry ``(K, B)``;
            those without any are left out. Defaults to None: all count.

    Returns:
        TableError: Errors of each class and of all entries.

    Raises:
        ValueError: If the shapes differ.
    """
    if table.shape != exact.shape:
        raise ValueError(
            f'the table has shape {table.shape}, the exact values '
            f'{exact.shape}'
        )
    known = np.isfinite(table) & np.isfinite(exact)
    if updates is not None:
        known &= updates > 0
    rows = [_errors(t[k], e[k]) for t, e, k in zip(table, exact, known)]
    rmse, rank_corr = np.array(rows).reshape(-1, 2).T
    return TableError(rmse, rank_corr, *_errors(table[known], exact[known]))


def _errors(table: np.ndarray, exact: np.ndarray) -> tuple[float, float]:
    if table.size == 0:
        return float('nan'), float('nan')
    rmse = float(np.sqrt(np.mean((table - exact) ** 2)))
    if table.size < 2 or np.ptp(table) == 0 or np.ptp(exact) == 0:
        return rmse, float('nan')
    from scipy.stats import spearmanr

    return rmse, float(spearmanr(table, exact)[0])
