"""A mixed sample over time, each joint coloured by where it comes from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.animation import PillowWriter
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..skeletons.layout import LayoutLike
from .mixed_clip import ROWS, MixedClip, read_mixed_clip
from .mixed_panels import (
    GAP,
    HEAD,
    LABEL,
    SIDE,
    TALL,
    draw_frame,
    draw_head,
    draw_label,
    draw_time,
    panel_width,
    place,
    row_names,
)
from .style import save_figure


def plot_mixed_sample(
    own: np.ndarray,
    partner: np.ndarray,
    mixed: np.ndarray,
    path: str | Path,
    *,
    weights: np.ndarray,
    source: np.ndarray,
    label: np.ndarray,
    layout: LayoutLike,
    classes: Sequence[str] | None = None,
    frames: int = 8,
    title: str | None = None,
) -> Path:
    """Draw frames of both samples and of their mixture, and the soft label.

    The upper rows show the sample itself and the partner's frame that falls
    on each frame, with what does not reach the mixture in grey; the lowest
    row the mixture, in the colours of both, blended by weight for Mixup.

    Args:
        own (np.ndarray): Joints of the sample, (M, T, V, C).
        partner (np.ndarray): Joints of its partner, (M, T, V, C).
        mixed (np.ndarray): Joints of the mixture, (M, T, V, C).
        path (str | Path): Image to write; the suffix chooses the format.
        weights (np.ndarray): Weight of the partner, (M, T, V).
        source (np.ndarray): Partner's frame at each frame, (T,).
        label (np.ndarray): Soft label (K,).
        layout (str or dict or Layout): The joint layout.
        classes (Sequence[str], optional): Names of the classes. Defaults to
            None, which shows indices.
        frames (int): Frames side by side, at most T. Defaults to 8.
        title (str, optional): Title. Defaults to None: what was mixed.

    Returns:
        Path: The image.

    Raises:
        ValueError: If shapes disagree, weights leave [0, 1], source names a
            frame that is not there, or no person is present.
    """
    clip = read_mixed_clip(
        own,
        partner,
        mixed,
        weights=weights,
        source=source,
        label=label,
        classes=classes,
        layout=layout,
    )
    if frames < 1:
        raise ValueError(f'frames must be at least 1, got {frames}')
    figure = _draw_still(clip, min(frames, clip.num_frames))
    draw_head(figure, title or clip.describe())
    return save_figure(figure, path)


def _draw_still(clip: MixedClip, number: int) -> Figure:
    """Rows of frames, the strip of time below, the label beside."""
    shown = np.linspace(0, clip.num_frames - 1, number).round().astype(int)
    wide = panel_width(clip)
    size = (
        LABEL + number * (wide + GAP) + SIDE + 0.15,
        HEAD + 3 * (TALL + GAP) + 1.1,
    )
    figure = Figure(figsize=size)
    for column, frame in enumerate(shown.tolist()):
        left = LABEL + column * (wide + GAP)
        for row in range(3):
            low = size[1] - HEAD - (row + 1) * TALL - row * GAP
            axes = place(figure, (left, low, wide, TALL))
            draw_frame(axes, clip, row, frame)
            note = f'{clip.source[frame]}' if row == 1 else f'{frame}'
            if row != 1 or clip.weights[:, frame].any():
                axes.text(
                    0.03,
                    0.97,
                    note,
                    fontsize=7.5,
                    color='#444444',
                    transform=axes.transAxes,
                    va='top',
                    bbox=dict(color='white', pad=0.5, alpha=0.8),
                    zorder=5,
                )
    low = size[1] - HEAD - 3 * (TALL + GAP)
    row_names(figure, low)
    strip = (LABEL, low - 0.6, number * (wide + GAP) - GAP, 0.42)
    draw_time(place(figure, strip), clip, shown)
    tall = 0.28 * len(clip.shares())
    bars = (size[0] - SIDE + 0.2, low + TALL / 2 - tall / 2, SIDE - 0.9, tall)
    draw_label(place(figure, bars), clip)
    return figure


def animate_mixed_sample(
    own: np.ndarray,
    partner: np.ndarray,
    mixed: np.ndarray,
    path: str | Path,
    *,
    weights: np.ndarray,
    source: np.ndarray,
    label: np.ndarray,
    layout: LayoutLike,
    classes: Sequence[str] | None = None,
    fps: int = 10,
    title: str | None = None,
) -> Path:
    """Write a mixed sample as an animated GIF, one image per frame.

    Args:
        own (np.ndarray): Joints of the sample, (M, T, V, C).
        partner (np.ndarray): Joints of its partner, (M, T, V, C).
        mixed (np.ndarray): Joints of the mixture, (M, T, V, C).
        path (str | Path): GIF to write.
        weights (np.ndarray): Weight of the partner, (M, T, V).
        source (np.ndarray): Partner's frame at each frame, (T,).
        label (np.ndarray): Soft label (K,).
        layout (str or dict or Layout): The joint layout.
        classes (Sequence[str], optional): Names of the classes. Defaults to
            None, which shows indices.
        fps (int): Frames per second. Defaults to 10.
        title (str, optional): Title. Defaults to None: what was mixed.

    Returns:
        Path: The GIF.

    Raises:
        ValueError: As :func:`plot_mixed_sample`, or if the file's name does
            not end in ``.gif``.
    """
    path = Path(path)
    if path.suffix.lower() != '.gif':
        raise ValueError(f'an animation needs a .gif file, got {path}')
    clip = read_mixed_clip(
        own,
        partner,
        mixed,
        weights=weights,
        source=source,
        label=label,
        classes=classes,
        layout=layout,
    )
    figure, panels, strip = _moving_sheet(clip)
    draw_head(figure, title or clip.describe())
    return _write_frames(figure, panels, strip, clip, path, fps)


def _moving_sheet(clip: MixedClip) -> tuple[Figure, list[Axes], Axes]:
    """Figure with three panels, the strip of time, and the label drawn."""
    wide, tall = max(1.3 * panel_width(clip), 1.5), 1.3 * TALL
    size = 3 * (wide + 0.15) + SIDE + 0.15, HEAD + tall + 1.2
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    low = size[1] - HEAD - 0.2 - tall
    lefts = [0.2 + row * (wide + 0.15) for row in range(3)]
    panels = [place(figure, (left, low, wide, tall)) for left in lefts]
    strip = place(figure, (0.55, 0.38, 3 * (wide + 0.15) - 0.5, 0.4))
    bars = 0.28 * len(clip.shares())
    box = size[0] - SIDE + 0.2, low + (tall - bars) / 2, SIDE - 0.9, bars
    draw_label(place(figure, box), clip)
    return figure, panels, strip


def _write_frames(
    figure: Figure,
    panels: Sequence[Axes],
    strip: Axes,
    clip: MixedClip,
    path: Path,
    fps: int,
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The writer takes the format from the name.
    scratch = path.with_name(f'.{path.stem}.{os.getpid()}.gif')
    writer = PillowWriter(fps=fps)
    try:
        with writer.saving(figure, str(scratch), dpi=90):
            for frame in range(clip.num_frames):
                for row, axes in enumerate(panels):
                    axes.clear()
                    draw_frame(axes, clip, row, frame)
                    shown = clip.source[frame] if row == 1 else frame
                    used = row != 1 or clip.weights[:, frame].any()
                    name = f'{ROWS[row]}, frame {shown}'
                    axes.set_title(
                        name if used else f'{ROWS[row]}, not used',
                        fontsize=9,
                        pad=3,
                    )
                strip.clear()
                draw_time(strip, clip, np.array([frame]))
                writer.grab_frame(facecolor='white')
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
    return path
