"""Weighted sums of the scores of several streams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ['PRESETS', 'check_weights', 'fuse']

# Joint, bone, joint motion, bone motion, in this order.
PRESETS = {'2s': (1.0, 1.0), '4s': (2.0, 2.0, 1.0, 1.0)}


def fuse(scores: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Weighted sum of the streams.

    Args:
        scores (np.ndarray): Scores ``(S, N, K)``.
        weights (Sequence[float]): A weight for each stream.

    Returns:
        np.ndarray: Scores ``(N, K)``.
    """
    return np.tensordot(check_weights(weights, len(scores)), scores, 1)


def check_weights(weights: Sequence[float], num_streams: int) -> np.ndarray:
    """Read weights, or say what is wrong with them.

    Args:
        weights (Sequence[float]): One for each stream.
        num_streams (int): How many they must be.

    Returns:
        np.ndarray: The weights ``(S,)``.

    Raises:
        ValueError: If they are too few or many, negative, not finite or all
            zero.
    """
    values = np.asarray(weights, dtype=np.float64)
    if values.shape != (num_streams,):
        raise ValueError(
            f'{values.size} weights for {num_streams} results, expected one '
            'for each'
        )
    if not (np.isfinite(values).all() and (values >= 0).all()):
        raise ValueError(f'weights must be >= 0, got {values.tolist()}')
    if not values.any():
        raise ValueError('weights are all zero')
    return values
