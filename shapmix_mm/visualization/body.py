"""Drawing of one stick body, each joint and bone in a colour of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from ..skeletons import Layout

OUTLINE = '#555555'
# Joints of which nothing is known or shown.
UNKNOWN = '#D5D5D5'


def draw_body(
    axes: Axes,
    points: np.ndarray,
    layout: Layout,
    colours: np.ndarray,
    *,
    width: float = 3.0,
    zorder: float = 2,
) -> None:
    """Draw bones and joints with a thin dark rim, which keeps pale ones seen.

    A bone has the colour of its outer joint.

    Args:
        axes (Axes): Where to draw.
        points (np.ndarray): Joints on paper (V, 2).
        layout (Layout): The layout.
        colours (np.ndarray): Colour of each joint, RGBA (V, 4).
        width (float): Width of a bone in points. Defaults to 3.
        zorder (float): Order of drawing. Defaults to 2.
    """
    ends = np.array(layout.bones)
    lines = points[ends]
    style: dict[str, Any] = dict(capstyle='round', zorder=zorder)
    rim = width + 0.35 * width**0.5 + 0.3
    axes.add_collection(
        LineCollection(lines, colors=OUTLINE, linewidths=rim, **style)
    )
    axes.add_collection(
        LineCollection(
            lines, colors=colours[ends[:, 0]], linewidths=width, **style
        )
    )
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=(1.25 * width) ** 2,
        c=colours,
        edgecolors=OUTLINE,
        linewidths=0.3 * width**0.5,
        zorder=zorder + 0.1,
    )
