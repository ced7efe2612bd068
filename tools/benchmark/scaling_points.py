"""Sizes to measure a training step at, and what a step takes there."""

from __future__ import annotations

import io
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Iterator, Sequence

import numpy as np
from mmengine.config import Config
from step import measure
from step_variants import Variant
from synthetic_clips import Shape
from timing import Clock, spread

__all__ = ['AXES', 'Point', 'build', 'points', 'step_rows']

#: The factors, with what the others stay at.
AXES = dict(n='batch', m='persons', t='frames', v='joints', k='classes')
BASE = Shape(8, 2, 32, 20, 3, 16)
SWEEP = dict(
    n=(4, 8, 16, 32),
    m=(1, 2),
    t=(16, 32, 64),
    v=(10, 20, 40),
    k=(16, 120, 1200),
)
QUICK_BASE = Shape(2, 1, 8, 10, 3, 4)
QUICK = dict(n=(2, 4), t=(8, 16), v=(10, 15), k=(4, 12))


@dataclass(frozen=True)
class Point:
    """A size of the batch, and the axis along which it was chosen."""

    axis: str
    shape: Shape


def points(quick: bool) -> list[Point]:
    """All sizes to measure; the one in the middle comes first, once."""
    base, sweep = (QUICK_BASE, QUICK) if quick else (BASE, SWEEP)
    found = [Point('base', base)]
    for axis, values in sweep.items():
        for value in values:
            shape = replace(base, **{AXES[axis]: value})
            if shape != base:
                found.append(Point(axis, shape))
    return found


def build(
    names: Sequence[str], path: str, shape: Shape, clock: Clock, folder: str
) -> list[Variant]:
    """Training runs of a config, its model changed to the sizes of a batch.

    Args:
        names (Sequence[str]): Keys of ``VARIANTS``.
        path (str): Config file; its backbone takes a layout of any size.
        shape (Shape): Sizes of the batch.
        clock (Clock): Clock of the device.
        folder (str): Where to write the changed config, and the runs.
    """
    leaf = Path(folder, f'leaf_{"_".join(map(str, _sizes(shape)))}.py')
    cfg = Config.fromfile(path)
    cfg.model.backbone.graph_cfg.layout = _chain(shape.joints)
    cfg.model.backbone.num_person = shape.persons
    cfg.model.cls_head.num_classes = shape.classes
    cfg.dump(leaf)
    # The bars of the pass that measures the mean pose.
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return [Variant(n, str(leaf), shape, clock, folder) for n in names]


def step_rows(
    sizes: Sequence[Point],
    names: Sequence[str],
    path: str,
    clock: Clock,
    rounds: int,
) -> Iterator[list[dict[str, Any]]]:
    """Milliseconds and clips per second of each variant, size by size.

    A machine that others use is slower at one time than at another. Each
    size therefore takes its steps in turn with a run that stays the same, the
    first variant at the first size, and its times are divided by how much
    slower than at the beginning that one has become.
    """
    with tempfile.TemporaryDirectory() as folder:
        (steady,) = build(names[:1], path, sizes[0].shape, clock, folder)
        steady.name, usual = 'steady', 0.0
        for point in sizes:
            own = str(Path(folder, '_'.join(map(str, _sizes(point.shape)))))
            Path(own).mkdir()
            variants = build(names, path, point.shape, clock, own)
            times = measure([*variants, steady], rounds)
            now = spread([each['ms'] for each in times[steady.name]])[0]
            usual = usual or now
            yield [
                _row(point, name, times[name], now / usual) for name in names
            ]


def _row(
    point: Point, name: str, times: list[dict[str, float]], slower: float
) -> dict[str, Any]:
    ms, low, high = spread([each['ms'] / slower for each in times])
    return dict(
        what='step',
        variant=name,
        axis=point.axis,
        **dict(zip(AXES, _sizes(point.shape))),
        ms=ms,
        ms_low=low,
        ms_high=high,
        slower_by=slower,
        clips_per_s=1e3 * point.shape.batch / ms,
        saliency_ms=spread([each['saliency'] / slower for each in times])[0],
    )


def _sizes(shape: Shape) -> list[int]:
    return [getattr(shape, field) for field in AXES.values()]


def _chain(joints: int) -> dict[str, Any]:
    """A body of any number of joints: a chain, cut into five parts."""
    parts = np.array_split(np.arange(joints), 5)
    return dict(
        name=f'chain{joints}',
        num_node=joints,
        center=0,
        inward=[(joint, joint - 1) for joint in range(1, joints)],
        parts=[part.tolist() for part in parts],
    )
