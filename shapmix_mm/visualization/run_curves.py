"""Curves of a training run: accuracies, loss and learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .style import GROUP_COLOURS, save_figure

_LOOK: dict[str, dict] = dict(
    overall=dict(color='#222222', linewidth=2.2),
    mean_class=dict(color='#888888', linestyle=':'),
    **{
        name: dict(color=colour, marker=marker)
        for (name, colour), marker in zip(GROUP_COLOURS.items(), 'os^')
    },
)


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
    figure = Figure(figsize=(7.2, 3.8))
    axes = figure.add_axes((0.09, 0.14, 0.73, 0.82))
    for name, points in drawn.items():
        steps = sorted(points)
        axes.plot(
            steps,
            [100 * points[step] for step in steps],
            label=name.replace('_', ' '),
            **{'marker': '.', **_LOOK.get(name, {})},
        )
    axes.set_xlim(0, 1.03 * max(max(points) for points in drawn.values()))
    axes.set_ylim(-2, 102)
    axes.set_ylabel('accuracy (%)')
    axes.set_xlabel(unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _frame(axes)
    figure.legend(
        loc='upper left',
        bbox_to_anchor=(0.83, 0.97),
        frameon=False,
        fontsize=9,
        borderpad=0,
    )
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
    figure = Figure(figsize=(7.2, 3.8))
    height = 0.82 if len(series) == 1 else 0.48
    axes = figure.add_axes((0.12, 0.96 - height, 0.85, height))
    marker = '.' if len(steps) < 40 else ''
    axes.plot(steps, series[0], color='#222222', marker=marker, linewidth=1.3)
    axes.set_ylabel('training loss')
    _frame(axes)
    if len(series) > 1:
        axes.tick_params(labelbottom=False)
        axes = figure.add_axes((0.12, 0.14, 0.85, 0.28), sharex=axes)
        _draw_rate(axes, steps, series[1])
    axes.set_xlabel('iteration')
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return save_figure(figure, path)


def _draw_rate(axes: Axes, steps: Sequence[int], rate: np.ndarray) -> None:
    axes.plot(steps, rate, color='#009E73', linewidth=1.3)
    known = rate[np.isfinite(rate) & (rate > 0)]
    if known.size and known.max() > 20 * known.min():
        axes.set_yscale('log')
    axes.set_ylabel('learning rate')
    _frame(axes)


def _frame(axes: Axes) -> None:
    axes.grid(color='#DDDDDD', linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
