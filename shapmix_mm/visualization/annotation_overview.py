"""One sheet about an annotation file: classes, lengths and persons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..datasets.inspection import EVERY, PartSummary, PoseSummary
from ..evaluation.functional import class_groups
from .style import GROUP_COLOURS, PART_COLOURS, save_figure

_BINS = 40
_LEGEND_COLUMNS = 4


def plot_annotations(
    summary: PoseSummary,
    path: str | Path,
    *,
    thresholds: tuple[float, float] = (20, 100),
) -> Path:
    """Draw samples per class, lengths and persons per sample.

    Args:
        summary (PoseSummary): What the file holds.
        path (str or Path): Image to write; the suffix chooses the format.
        thresholds (tuple[float, float]): Counts (few, many) that bound the
            groups. Defaults to (20, 100).

    Returns:
        Path: The image.
    """
    parts = drawn_parts(summary.parts)
    rows = -(-len(parts) // _LEGEND_COLUMNS)
    height = 3.6 + 0.22 * rows
    figure = Figure(figsize=(12, height))
    panels = figure.subplots(
        1,
        3,
        gridspec_kw=dict(
            width_ratios=(5, 5, 2),
            wspace=0.25,
            left=0.06,
            right=0.98,
            top=1 - 0.4 / height,
            bottom=(0.6 + 0.22 * rows) / height,
        ),
    )
    _draw_classes(panels[0], parts, thresholds)
    _draw_lengths(panels[1], parts)
    _draw_persons(panels[2], summary)
    figure.suptitle(
        f'{Path(summary.path).name}: {len(summary.parts[0].lengths):,} '
        f'samples, {summary.num_classes} classes',
        fontsize=11,
    )
    figure.legend(
        loc='lower center', ncols=_LEGEND_COLUMNS, frameon=False, fontsize=8
    )
    return save_figure(figure, path)


def drawn_parts(parts: Sequence[PartSummary]) -> list[PartSummary]:
    """Splits that have samples, or all samples where there is none."""
    splits = [p for p in parts if p.name != EVERY and len(p.lengths)]
    return (splits or list(parts[:1]))[: len(PART_COLOURS)]


def _draw_classes(
    axes: Axes, parts: Sequence[PartSummary], thresholds: tuple[float, float]
) -> None:
    """Samples per class, each split from its largest class on."""
    for colour, part in zip(PART_COLOURS, parts):
        counts = np.sort(part.counts)[::-1]
        groups = class_groups(
            part.counts, many=thresholds[1], few=thresholds[0]
        )
        sizes = ', '.join(
            f'{(groups == name).sum()} {name}' for name in GROUP_COLOURS
        )
        axes.step(
            np.arange(len(counts)),
            counts,
            where='mid',
            color=colour,
            label=f'{part.name}: {sizes}',
        )
    for name, bound in zip(('few', 'many'), thresholds):
        axes.axhline(
            bound, color=GROUP_COLOURS[name], linestyle='--', linewidth=0.9
        )
    axes.set_yscale('symlog', linthresh=10)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter('{x:g}')
    axes.set_xlabel('classes, largest first')
    axes.set_ylabel('samples')


def _draw_lengths(axes: Axes, parts: Sequence[PartSummary]) -> None:
    longest = max(int(part.lengths.max(initial=1)) for part in parts)
    edges = np.linspace(0, longest + 1, min(_BINS, longest + 1) + 1)
    for colour, part in zip(PART_COLOURS, parts):
        axes.hist(
            part.lengths, bins=edges.tolist(), histtype='step', color=colour
        )
    axes.set_xlabel('frames')
    axes.set_ylabel('samples')


def _draw_persons(axes: Axes, summary: PoseSummary) -> None:
    persons = sorted(summary.shapes['persons'].items())
    names = [str(number) for number, _ in persons]
    bars = axes.bar(names, [uses for _, uses in persons], color='#999999')
    axes.bar_label(bars, [f'{uses:,}' for _, uses in persons], fontsize=8)
    axes.margins(y=0.15)
    axes.set_xlabel('persons')
    axes.set_ylabel('samples')
