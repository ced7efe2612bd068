"""Runs and estimators as lines: curves over time, intervals over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from .style import (
    GROUP_COLOURS,
    PART_COLOURS,
    class_labels,
    new_figure,
    save_figure,
    tidy,
)

if TYPE_CHECKING:
    import pandas as pd

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
    metrics = list(dict.fromkeys(name for m in methods.values() for name in m))
    if not metrics:
        raise ValueError('methods has no number to draw')
    size = 1.6 + 2.1 * len(metrics), 1.0 + 0.34 * len(methods)
    # The outermost numbers of two panels stay apart.
    figure = new_figure(size, wspace=0.06)
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, metrics):
        look: dict[str, Any] = dict(color=_COLOURS.get(metric, '#009E73'))
        for place, cells in enumerate(methods.values()):
            if metric not in cells:
                continue
            values, mean, half = cells[metric]
            aside = 0.16 if len(values) > 1 else 0.0
            rows = place + np.linspace(-aside, aside, len(values))
            axes.scatter(values, rows, s=9, alpha=0.45, linewidth=0, **look)
            bar = dict(fmt='o', markersize=5, capsize=2.5, linewidth=1.4)
            axes.errorbar(mean, place, xerr=half, zorder=3, **bar, **look)
        if reference and metric in reference:
            axes.axvline(reference[metric], color='#888888', ls='--', lw=0.9)
        title = 'ECE' if metric == 'ece' else metric.replace('_', ' ')
        axes.set_title(title, fontsize=10)
        tidy(axes, 'top', 'right', 'left', grid='x')
        axes.tick_params(axis='y', length=0)
    names = class_labels(list(methods), len(methods), max_length=40)
    panels[0].set_yticks(range(len(methods)), names)
    panels[0].set_ylim(len(methods) - 0.4, -0.6)
    figure.supxlabel(unit, fontsize=10)
    return save_figure(figure, path)


def plot_mean_ranks(
    ranks: Mapping[str, float], path: str | Path, *, difference: float
) -> Path:
    """Draw mean ranks; bars join the methods that no test tells apart.

    The picture of Demsar (JMLR 2006) with a line per method in place of
    leaders, so that long names find room.

    Args:
        ranks (Mapping[str, float]): Mean rank by method.
        path (str | Path): Image to write; the suffix chooses the format.
        difference (float): Critical difference, in ranks.

    Returns:
        Path: The image.

    Raises:
        ValueError: If there are fewer than two methods.
    """
    if len(ranks) < 2:
        raise ValueError(f'ranks of {len(ranks)} methods cannot be compared')
    names = sorted(ranks, key=ranks.__getitem__)
    values = np.array([ranks[name] for name in names])
    figure = new_figure((6.4, 1.1 + 0.3 * len(names)))
    axes = figure.subplots()
    axes.scatter(values, range(len(names)), color='#0072B2', zorder=3)
    for number, (first, last) in enumerate(_alike(values, difference)):
        axes.plot(
            values[[first, last]],
            [last + 0.28 + 0.12 * (number % 2)] * 2,
            color='#555555',
            lw=3,
            solid_capstyle='butt',
        )
    tidy(axes, 'top', 'right', 'left', grid='x')
    axes.tick_params(axis='y', length=0)
    labels = class_labels(names, len(names), max_length=40)
    axes.set_yticks(range(len(names)), labels)
    axes.set_ylim(len(names) - 0.3, -0.6)
    figure.supxlabel(
        'mean rank, 1 is best; bars join methods less than '
        f'{difference:.2f} apart',
        fontsize=10,
    )
    return save_figure(figure, path)


def _alike(values: np.ndarray, difference: float) -> list[tuple[int, int]]:
    """Longest runs of sorted values that all lie within a difference."""
    runs: list[tuple[int, int]] = []
    for first, value in enumerate(values):
        last = int(np.searchsorted(values, value + difference, 'right')) - 1
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((first, last))
    return runs


def plot_accuracy_curves(
    curves: Mapping[str, Mapping[int, float]],
    path: str | Path,
    *,
    unit: str = 'epoch',
) -> Path:
    """Draw accuracies over the training, one line per name.

    Args:
        curves (Mapping[str, Mapping[int, float]]): Accuracy in [0, 1] by
            epoch, by name; names of groups have the groups' colours.
        path (str | Path): Image to write; the suffix chooses the format.
        unit (str): What the steps count. Defaults to 'epoch'.

    Returns:
        Path: The image.

    Raises:
        ValueError: If no curve has a point.
    """
    drawn = {name: points for name, points in curves.items() if points}
    if not drawn:
        raise ValueError('curves has no point to draw')
    figure = new_figure((7.2, 3.8))
    axes = figure.subplots()
    marks = dict(zip(GROUP_COLOURS, 'os^'))
    for name, points in drawn.items():
        steps, heights = zip(*sorted(points.items()))
        (line,) = axes.plot(
            steps,
            100 * np.array(heights),
            label=name.replace('_', ' '),
            color=_COLOURS.get(name),
            marker=marks.get(name, '.'),
            linestyle=':' if name == 'mean_class' else '-',
        )
        line.set_linewidth(2.2 if name == 'overall' else 1.5)
    axes.set_xlim(0, 1.03 * max(max(points) for points in drawn.values()))
    axes.set(ylim=(-2, 102), ylabel='accuracy (%)', xlabel=unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    tidy(axes)
    figure.legend(loc='outside right upper', frameon=False, fontsize=9)
    return save_figure(figure, path)


def plot_training_curves(
    steps: Sequence[int],
    path: str | Path,
    *,
    loss: Sequence[float],
    learning_rate: Sequence[float] | None = None,
) -> Path:
    """Draw the training loss and, below it, the learning rate.

    Args:
        steps (Sequence[int]): Iterations, ``(S,)``.
        path (str | Path): Image to write; the suffix chooses the format.
        loss (Sequence[float]): Loss ``(S,)``, NaN where unknown.
        learning_rate (Sequence[float], optional): Learning rate ``(S,)``,
            NaN where unknown. Defaults to None, which leaves it out.

    Returns:
        Path: The image.

    Raises:
        ValueError: If the lengths differ or there is no step.
    """
    series = [np.asarray(loss, dtype=np.float64)]
    if learning_rate is not None:
        series.append(np.asarray(learning_rate, dtype=np.float64))
    if not len(steps) or any(len(one) != len(steps) for one in series):
        raise ValueError(
            f'loss and learning_rate need one value for each of the '
            f'{len(steps)} steps, and there must be one'
        )
    figure = new_figure((7.2, 3.8))
    heights = (5, 3)[: len(series)]
    panels = figure.subplots(
        len(series), 1, sharex=True, squeeze=False, height_ratios=heights
    )[:, 0]
    looks = (('training loss', '#222222'), ('learning rate', '#009E73'))
    for axes, values, (name, colour) in zip(panels, series, looks):
        marker = '.' if len(steps) < 40 else ''
        axes.plot(steps, values, color=colour, marker=marker, linewidth=1.3)
        axes.set_ylabel(name)
        tidy(axes)
    rate = series[-1][np.nan_to_num(series[-1]) > 0]
    if len(series) > 1 and rate.size and rate.max() > 20 * rate.min():
        panels[1].set_yscale('log')
    panels[-1].set_xlabel('iteration')
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return save_figure(figure, path)


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
    figure = new_figure((10, 4.4))
    left, right = figure.subplots(1, 2)
    number = len(PART_COLOURS)
    for index, (name, own) in enumerate(
        frame.groupby('estimator', sort=False)
    ):
        look = dict(color=PART_COLOURS[index % number], markersize=5)
        look.update(marker='osD^v<>P'[index % 8], label=name)
        look.update(linestyle='-' if index < number else '--')
        if own.rmse.notna().any():
            left.plot(own[key], own.rmse, **look)
        right.plot(own[key], own.rank_corr, **look)
    left.set(yscale='log', ylabel='RMSE against exact values')
    left.yaxis.set_major_formatter('{x:g}')
    left.yaxis.set_minor_formatter('{x:g}')
    left.tick_params(axis='y', which='minor', labelsize=7)
    right.set_ylabel('rank correlation within a class')
    for axes in (left, right):
        axes.set_xscale('log' if key == 'passes' else 'linear')
        passes = 'forward passes of a batch'
        axes.set_xlabel(passes if key == 'passes' else 'epoch')
        tidy(axes)
    names = right.get_legend_handles_labels()
    figure.legend(*names, loc='outside right upper', frameon=False, fontsize=9)
    return save_figure(figure, path)
