"""Figure of methods side by side: means over seeds and their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import GROUP_COLOURS, class_labels, save_figure

__all__ = ['MeanOfSeeds', 'plot_method_intervals']

_COLOURS = dict(overall='#222222', mean_class='#777777', **GROUP_COLOURS)


class MeanOfSeeds(NamedTuple):
    """A number of a method.

    Args:
        values (Sequence[float]): Value of each seed.
        mean (float): Their mean.
        half (float, optional): Half width of the interval around it.
    """

    values: Sequence[float]
    mean: float
    half: float | None


def plot_method_intervals(
    methods: Mapping[str, Mapping[str, MeanOfSeeds]],
    path: str | Path,
    *,
    unit: str,
    reference: Mapping[str, float] | None = None,
) -> Path:
    """Draw a panel per metric with a line per method.

    Small dots are seeds, the large one is their mean, the bar its interval.

    Args:
        methods (Mapping[str, Mapping[str, MeanOfSeeds]]): Numbers by metric,
            by method, the uppermost first; what is missing is not drawn.
        path (str | Path): Image to write; the suffix chooses the format.
        unit (str): What the axes show.
        reference (Mapping[str, float], optional): A dashed line by metric.
            Defaults to None.

    Returns:
        Path: The image.

    Raises:
        ValueError: If there is no number to draw.
    """
    metrics = list(
        dict.fromkeys(name for cells in methods.values() for name in cells)
    )
    if not metrics:
        raise ValueError('methods has no number to draw')
    width, height = 1.6 + 2.1 * len(metrics), 1.0 + 0.34 * len(methods)
    figure = Figure(figsize=(width, height))
    # The outermost numbers of two panels stay apart.
    figure.set_layout_engine('constrained', wspace=0.06)
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, metrics):
        for place, cells in enumerate(methods.values()):
            if metric in cells:
                _draw(axes, place, cells[metric], metric)
        if reference and metric in reference:
            axes.axvline(
                reference[metric], color='#888888', ls='--', lw=0.9, zorder=1
            )
        title = 'ECE' if metric == 'ece' else metric.replace('_', ' ')
        axes.set_title(title, fontsize=10)
        _frame(axes)
    names = class_labels(list(methods), len(methods), max_length=40)
    panels[0].set_yticks(range(len(methods)), names)
    panels[0].set_ylim(len(methods) - 0.4, -0.6)
    figure.supxlabel(unit, fontsize=10)
    return save_figure(figure, path)


def _draw(axes: Axes, place: int, number: MeanOfSeeds, metric: str) -> None:
    colour = _COLOURS.get(metric, '#009E73')
    count = len(number.values)
    offsets = np.linspace(-0.16, 0.16, count) if count > 1 else [0.0]
    axes.scatter(
        number.values,
        place + np.asarray(offsets),
        s=9,
        color=colour,
        alpha=0.45,
        linewidth=0,
        zorder=2,
    )
    axes.errorbar(
        number.mean,
        place,
        xerr=number.half,
        fmt='o',
        markersize=5,
        color=colour,
        capsize=2.5,
        linewidth=1.4,
        zorder=3,
    )


def _frame(axes: Axes) -> None:
    axes.grid(axis='x', color='#DDDDDD', linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis='y', length=0)
    for side in ('top', 'right', 'left'):
        axes.spines[side].set_visible(False)
