"""Figure of estimator errors against what they cost."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import save_figure

# Okabe and Ito, with the paper's estimator in black.
COLOURS = (
    'black',
    '#999999',
    '#E69F00',
    '#F0E442',
    '#56B4E9',
    '#0072B2',
    '#D55E00',
    '#009E73',
)


def plot_error_curves(frame: pd.DataFrame, path: str | Path) -> Path:
    """Draw RMSE and rank correlation of each estimator.

    Args:
        frame (pd.DataFrame): Columns ``estimator``, ``rmse``, ``rank_corr``
            and ``epoch``, or else ``passes``.
        path (str | Path): Image to write.

    Returns:
        Path: The image.
    """
    key = 'epoch' if 'epoch' in frame else 'passes'
    figure = Figure(figsize=(10, 4.4), layout='constrained')
    left, right = figure.subplots(1, 2)
    names = list(frame.estimator.unique())
    for index, name in enumerate(names):
        own = frame[frame.estimator == name]
        style = dict(
            color=COLOURS[index % len(COLOURS)],
            marker='osD^v<>P'[index % 8],
            linestyle='-' if index < len(COLOURS) else '--',
            markersize=5,
        )
        if own.rmse.notna().any():
            left.plot(own[key], own.rmse, **style)
        right.plot(own[key], own.rank_corr, label=name, **style)
    _describe(left, key, 'RMSE against exact values')
    _describe(right, key, 'rank correlation within a class')
    left.set_yscale('log')
    left.yaxis.set_major_formatter('{x:g}')
    left.yaxis.set_minor_formatter('{x:g}')
    left.tick_params(axis='y', which='minor', labelsize=7)
    figure.legend(loc='outside right upper', frameon=False, fontsize=9)
    return save_figure(figure, path)


def _describe(axes: Axes, key: str, label: str) -> None:
    if key == 'passes':
        axes.set_xscale('log')
        axes.set_xlabel('forward passes of a batch')
    else:
        axes.set_xlabel('epoch')
    axes.set_ylabel(label)
    axes.grid(color='#dddddd', linewidth=0.6)
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
