"""A figure of what scales how."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

import matplotlib
import numpy as np
from scaling_model import CostModel

matplotlib.use('Agg')
import matplotlib.pyplot as plt

__all__ = ['plot']

Row = dict[str, Any]
NAMES = dict(
    n='batch size N', m='persons M', t='frames T', v='joints V', k='classes K'
)
COLOURS = dict(
    plain_n='0.75',
    plain_2n='0.45',
    stmix='tab:green',
    shapmix_faithful='tab:orange',
    shapmix_fast='tab:blue',
)


def plot(rows: Sequence[Row], models: Sequence[CostModel], path: str) -> None:
    """Draw measured steps and the model, one panel for each axis, and ranks.

    Args:
        rows (Sequence[dict]): All rows.
        models (Sequence[CostModel]): Fitted models.
        path (str): Image to write.
    """
    steps = [row for row in rows if row['what'] == 'step']
    axes = [a for a in NAMES if any(row['axis'] == a for row in steps)]
    ranks = [row for row in rows if row['what'] == 'ranks']
    panels = len(axes) + bool(ranks)
    figure, grid = plt.subplots(
        2,
        -(-panels // 2),
        figsize=(3.6 * -(-panels // 2), 6),
        layout='constrained',
        squeeze=False,
    )
    places = list(grid.flat)
    for axis, place in zip(axes, places):
        for model in models:
            _curve(place, axis, steps, model)
        place.set_xlabel(NAMES[axis])
        place.set_ylabel('clips per second')
        place.set_ylim(0, 1.1 * place.get_ylim()[1])
        if axis == 'k':
            place.set_xscale('log')
    if ranks:
        _bars(places[len(axes)], ranks)
    for place in places[panels:]:
        place.axis('off')
    handles, labels = places[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside lower center', ncols=3)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _curve(
    place: Any, axis: str, steps: Sequence[Row], model: CostModel
) -> None:
    own = [
        row
        for row in steps
        if row['variant'] == model.variant and row['axis'] in ('base', axis)
    ]
    own.sort(key=lambda row: row[axis])
    colour = COLOURS.get(model.variant, 'black')
    place.plot(
        [row[axis] for row in own],
        [row['clips_per_s'] for row in own],
        'o',
        color=colour,
        label=f'{model.variant}, measured',
    )
    wide = np.geomspace(own[0][axis], own[-1][axis], 50)
    sizes = [{**own[0], axis: float(value)} for value in wide]
    place.plot(
        wide,
        [1e3 * size['n'] / model.ms(size) for size in sizes],
        '-',
        color=colour,
        linewidth=1,
        label=f'{model.variant}, model',
    )


def _bars(place: Any, ranks: Sequence[Row]) -> None:
    names = list(dict.fromkeys(row['variant'] for row in ranks))
    ways = list(dict.fromkeys(row['way'] for row in ranks))
    width = 0.8 / len(ways)
    greys = np.linspace(0.8, 0.3, len(ways))
    for i, way in enumerate(ways):
        own = {row['variant']: row for row in ranks if row['way'] == way}
        place.bar(
            np.arange(len(names)) + (i - (len(ways) - 1) / 2) * width,
            [own[name]['cpu_ms'] for name in names],
            width,
            color=str(greys[i]),
            label=way,
        )
    place.set_xticks(range(len(names)), names, fontsize=8)
    place.set_ylabel('CPU ms per step and rank')
    top = max(row['cpu_ms'] for row in ranks)
    place.set_ylim(0, 1.7 * top)
    place.legend(fontsize=8, loc='upper left')
