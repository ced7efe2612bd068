"""The mirror image of a body, which moving its sides alike should give."""

import numpy as np
import pytest

from shapmix_mm.skeletons import get_layout


@pytest.fixture
def mirrored():
    """Function of (..., 25, 3) positions: x changes sign, the sides swap."""
    order = np.arange(25)
    for left, right in get_layout('nturgb+d').pairs:
        order[[left, right]] = right, left
    return lambda points: points[..., order, :] * (-1, 1, 1)
