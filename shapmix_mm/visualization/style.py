"""Colours, labels and saving shared by all figures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..evaluation.functional import GROUPS, class_groups

# From the palette of Okabe and Ito, safe for the colour-blind; their
# lightness differs too, so that they survive grey print.
GROUP_COLOURS = dict(many='#0072B2', medium='#56B4E9', few='#D55E00')
# The whole palette, for parts: P is at most 8. Yellow, faint on white, last.
PART_COLOURS = (
    '#000000',
    '#E69F00',
    '#56B4E9',
    '#009E73',
    '#D55E00',
    '#0072B2',
    '#CC79A7',
    '#F0E442',
)
DPI = 150


def class_labels(
    classes: Sequence[str] | None, num_classes: int, max_length: int = 28
) -> list[str]:
    """Class names cut to ``max_length``, or indices if there are none.

    Raises:
        ValueError: If there is another number of names than classes.
    """
    if classes is None:
        return [str(index) for index in range(num_classes)]
    if len(classes) != num_classes:
        raise ValueError(
            f'classes has {len(classes)} names where there are '
            f'{num_classes} classes'
        )
    names = [str(name) for name in classes]
    return [
        name if len(name) <= max_length else name[: max_length - 3] + '...'
        for name in names
    ]


def group_legend(
    counts: np.ndarray, thresholds: tuple[float, float]
) -> list[Patch]:
    """Legend entries that name each group that has classes, and its size."""
    few, many = thresholds
    rules = dict(
        many=f'n > {many:g}', medium=f'{few:g} to {many:g}', few=f'n < {few:g}'
    )
    groups = class_groups(counts, many=many, few=few)
    entries = []
    for name in GROUPS:
        size = int((groups == name).sum())
        if size:
            noun = 'class' if size == 1 else 'classes'
            entries.append(
                Patch(
                    facecolor=GROUP_COLOURS[name],
                    label=f'{name} ({rules[name]}): {size} {noun}',
                )
            )
    return entries


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure, in whole or not at all, making missing folders.

    Drawn on its own Agg canvas: no window, no state in ``pyplot``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = path.suffix.lstrip('.') or 'png'
    FigureCanvasAgg(figure)
    scratch = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
    try:
        figure.savefig(scratch, dpi=DPI, format=kind, facecolor='white')
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
    return path
