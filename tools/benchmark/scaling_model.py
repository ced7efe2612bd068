"""A cost model of the training step, fitted to measured sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

import numpy as np
from scipy.optimize import nnls

__all__ = ['CostModel', 'Row', 'fit']

#: What a step is made of, as functions of N, M, T, V and K.
TERMS = ('1', 'N*M*T*V', 'N*M*T', 'N*M*V^2', 'K')
Row = dict[str, Any]


@dataclass(frozen=True)
class CostModel:
    """Milliseconds of a step as a sum of terms that are not negative.

    Attributes:
        variant (str): What was measured.
        weights (np.ndarray): Milliseconds per unit of each of ``TERMS``.
        r2 (float): Share of the variance between sizes that it explains.
        error (float): Median relative error of the sizes measured.
        worst (float): Largest one.
        left_out (float): Median relative error of sizes left out in turn.
    """

    variant: str
    weights: np.ndarray
    r2: float
    error: float
    worst: float
    left_out: float

    def ms(self, size: Row) -> float:
        """Milliseconds of a step at a size, given n, m, t, v and k."""
        return float(_terms([size])[0] @ self.weights)

    def row(self) -> Row:
        """The model as a flat row."""
        weights = {f'ms_per_{t}': w for t, w in zip(TERMS, self.weights)}
        return dict(
            what='fit',
            variant=self.variant,
            **weights,
            r2=self.r2,
            median_error=self.error,
            worst_error=self.worst,
            left_out_error=self.left_out,
        )


def fit(variant: str, rows: Sequence[Row]) -> CostModel:
    """Least squares over relative errors, no weight below zero.

    Args:
        variant (str): Name of what was measured.
        rows (Sequence[dict]): Sizes n, m, t, v, k and ms of each step.
    """
    terms, ms = _terms(rows), np.array([row['ms'] for row in rows])
    weights = _solve(terms, ms)
    off = terms @ weights - ms
    others = []
    for left in range(len(rows)):
        kept = np.arange(len(rows)) != left
        own = terms[left] @ _solve(terms[kept], ms[kept])
        others.append(abs(own / ms[left] - 1))
    return CostModel(
        variant,
        weights,
        r2=float(1 - (off**2).sum() / ((ms - ms.mean()) ** 2).sum()),
        error=float(np.median(abs(off / ms))),
        worst=float(np.max(abs(off / ms))),
        left_out=float(np.median(others)),
    )


def _terms(rows: Sequence[Row]) -> np.ndarray:
    n, m, t, v, k = (
        np.array([row[name] for row in rows], dtype=float) for name in 'nmtvk'
    )
    # Relations between joints are found once for a clip, after the mean over
    # time; what has few joints in a frame has a cost of its own.
    frames, pairs = n * m * t, n * m * v * v
    return np.stack([np.ones_like(n), frames * v, frames, pairs, k], 1)


def _solve(terms: np.ndarray, ms: np.ndarray) -> np.ndarray:
    relative = terms / ms[:, None]
    # Columns of like size, for the sake of the solver.
    scale = relative.max(0)
    return nnls(relative / scale, np.ones(len(ms)))[0] / scale
