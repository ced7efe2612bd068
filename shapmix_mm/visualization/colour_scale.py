"""The colours of saliency: green for what helps, purple for what misleads."""

from __future__ import annotations

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from .body import UNKNOWN


def saliency_scale(values: np.ndarray) -> ScalarMappable:
    """Scale of colours, symmetric about zero where values have signs.

    Args:
        values (np.ndarray): Saliencies of any shape, NaN where unknown.

    Returns:
        ScalarMappable: Unknown values turn grey.
    """
    known = np.abs(values[np.isfinite(values)])
    limit = float(np.quantile(known, 0.99)) if known.size else 1.0
    limit = limit or 1.0
    signed = bool((values < 0).any())
    norm = Normalize(-limit if signed else 0.0, limit)
    scale = ScalarMappable(norm, 'PRGn' if signed else 'Greens')
    scale.set_cmap(scale.cmap.with_extremes(bad=UNKNOWN))
    return scale


def relative_to_class(values: np.ndarray) -> np.ndarray:
    """Divide each class by its largest magnitude.

    Args:
        values (np.ndarray): Saliencies (K, P), NaN where unknown.

    Returns:
        np.ndarray: Between -1 and 1; zero for a class that is zero.
    """
    known = np.where(np.isfinite(values), np.abs(values), 0)
    largest = known.max(axis=1, keepdims=True)
    return values / np.where(largest > 0, largest, 1)
