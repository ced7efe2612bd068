"""Panels of the figures of a mixed sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .body import UNKNOWN, draw_body
from .mixed_clip import OWN, PARTNER, ROWS, MixedClip

# Inches: height of a body's panel, gap, row names, label bars, head.
TALL, GAP, LABEL, SIDE, HEAD = 1.55, 0.06, 0.75, 2.5, 0.78


def panel_width(clip: MixedClip) -> float:
    """Width of a panel that suits the bodies.

    Args:
        clip (MixedClip): The sample.

    Returns:
        float: Inches.
    """
    low, high = clip.bounds()
    wide, tall = high - low
    return float(np.clip(TALL * wide / tall, 0.75, 2.2))


def place(figure: Figure, box: tuple[float, ...]) -> Axes:
    """Add axes at a place.

    Args:
        figure (Figure): The figure.
        box (tuple[float, ...]): Left, low, width and height in inches.

    Returns:
        Axes: The axes.
    """
    x, y = figure.get_size_inches()
    left, low, wide, tall = box
    return figure.add_axes((left / x, low / y, wide / x, tall / y))


def draw_frame(axes: Axes, clip: MixedClip, row: int, frame: int) -> None:
    """Draw the persons of one frame.

    Args:
        axes (Axes): The panel.
        clip (MixedClip): The sample.
        row (int): 0 for own, 1 for the partner, 2 for the mixture.
        frame (int): The frame.
    """
    low, high = clip.bounds()
    axes.set_xticks([])
    axes.set_yticks([])
    # One unit is as long on both axes, whatever the shape of the panel.
    box = np.array(axes.bbox.size)
    half = box / 2 * ((high - low) / box).max()
    (left, bottom), (right, top) = (low + high) / 2 + (-half, half)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    for spine in axes.spines.values():
        spine.set_color('#DDDDDD')
    for person in np.flatnonzero(clip.there[row, :, frame]).tolist():
        where = row, person, frame
        draw_body(
            axes,
            clip.points[where],
            clip.layout,
            clip.colours[where],
            width=2.4,
        )


def row_names(figure: Figure, low: float) -> None:
    """Name the rows, at the left.

    Args:
        figure (Figure): The figure.
        low (float): Where the lowest row begins, in inches.
    """
    x, y = figure.get_size_inches()
    for row, name in enumerate(ROWS):
        middle = low + (2 - row + 0.5) * (TALL + GAP)
        style: dict[str, Any] = dict(ha='right', va='center', fontsize=9.5)
        figure.text((LABEL - 0.1) / x, middle / y, name, **style)


def draw_time(axes: Axes, clip: MixedClip, shown: np.ndarray) -> None:
    """Draw the partner's share at each frame, and which frames are drawn.

    Args:
        axes (Axes): The strip.
        clip (MixedClip): The sample.
        shown (np.ndarray): Frames that are drawn.
    """
    steps = np.arange(clip.num_frames)
    axes.bar(steps, np.ones(len(steps)), width=1, color=OWN, linewidth=0)
    axes.bar(steps, clip.pasted(), width=1, color=PARTNER, linewidth=0)
    for frame in shown.tolist():
        axes.axvline(frame, color='black', linewidth=1)
    axes.set_xlim(-0.5, clip.num_frames - 0.5)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 1], ['0', '1'])
    axes.tick_params(labelsize=7.5, length=2)
    axes.set_xlabel('frame; height: share of joints', fontsize=8, labelpad=1)


def draw_label(axes: Axes, clip: MixedClip) -> None:
    """Draw the soft label as horizontal bars, names above them.

    Args:
        axes (Axes): The panel.
        clip (MixedClip): The sample.
    """
    shares = clip.shares()
    for row, (name, share) in enumerate(shares):
        axes.barh(row + 0.22, share, height=0.34, color='#777777')
        text = f'{name.replace("_", " ")}: {share:.0%}'
        axes.text(0.02, row - 0.06, text, fontsize=8.5, va='bottom')
    axes.set_xlim(0, 1)
    axes.set_ylim(len(shares) - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title('soft label', fontsize=9.5, loc='left')
    for side in ('top', 'right', 'bottom'):
        axes.spines[side].set_visible(False)


def draw_head(figure: Figure, title: str) -> None:
    """Title and legend, at the top left.

    Args:
        figure (Figure): The figure.
        title (str): Title.
    """
    width, height = figure.get_size_inches()
    x = 0.15 / width
    # As large as fits on the line.
    font = float(np.clip((width - 0.3) * 72 / (0.62 * len(title)), 7.5, 10.5))
    style: dict[str, Any] = dict(fontsize=font, fontweight='bold', va='top')
    figure.text(x, 1 - 0.12 / height, title, **style)
    figure.legend(
        handles=[
            Patch(color=OWN, label='from the sample itself'),
            Patch(color=PARTNER, label='from the partner'),
            Patch(color=UNKNOWN, label='left out'),
        ],
        ncols=3,
        frameon=False,
        fontsize=8.5,
        loc='upper left',
        borderpad=0,
        borderaxespad=0,
        bbox_to_anchor=(x, 1 - 0.4 / height),
    )
