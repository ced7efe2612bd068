"""How the cost of a training step scales, and with what: prints the tables.

Measures clips per second against the batch size N, persons M, frames T,
joints V and classes K on one thread or GPU; a step on two CPU ranks beside one
(weak scaling: the batch of each stays the same); and the bytes that the
saliency hook hands to other ranks. Fits a model of the cost, and projects it
onto machines that are not here: a projection says so, and docs/scaling.md
names what it takes for granted. The batch is synthetic and already loaded, see
step.py.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator, Sequence

import mmengine.device.utils
import numpy as np
import pandas as pd
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from scaling_ranks import rank_rows
from scipy.optimize import nnls
from step import measure
from step_variants import VARIANTS, build
from synthetic_clips import Shape
from timing import Clock, spread

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import Positive, PositiveInt, option
from shapmix_mm.config.mixins import load_config

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
#: The factors, with what the others stay at.
AXES = dict(n='batch', m='persons', t='frames', v='joints', k='classes')
BASE = Shape(8, 2, 32, 20, 3, 16)
SWEEP = dict(
    n=(4, 16, 32), m=(1,), t=(16, 64), v=(10, 40), k=(120, 1200)
)  # fmt: skip
QUICK_BASE = Shape(2, 1, 8, 10, 3, 4)
QUICK = dict(n=(4,), t=(16,), v=(15,), k=(12,))
#: What a step is made of. Relations between joints are found once for a clip,
#: after the mean over time; a frame with few joints has a cost of its own.
TERMS = ('1', 'NMTV', 'NMT', 'NMVV', 'K')
# Projection: the full model, machines by GB/s and ms between two of them.
TARGET = CONFIGS / 'ctrgcn_shapmix_ltntu120.py'
FLOOR, RANKS, NTU120_XSUB_CLIPS = 'plain_2n', 8, 63026
MACHINES = {
    'CPU core as here, narrow model': (1.0, 0.1),
    'GPU, full model': (20.0, 0.02),
}
Row = dict[str, Any]


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add(
        'config',
        nargs='?',
        default=str(CONFIGS / 'ctrgcn_ce_demo.py'),
        help='config of the model; sizes and layout are replaced',
    )
    add(
        '--variants',
        nargs='+',
        default=[FLOOR, 'shapmix_faithful', 'shapmix_fast'],
        choices=list(VARIANTS),
    )
    add('--device', default='cpu', help='cpu or cuda')
    add('--rounds', type=option(PositiveInt), default=2)
    add('--quick', action='store_true', help='tiny sizes, to try it out')
    add('--no-ranks', action='store_true', help='leave out the two ranks')
    add(
        '--gpu-step-ms',
        type=option(Positive),
        nargs='+',
        default=[100.0, 400.0],
        help='for the projection: assumed times of plain_2n on one GPU, with '
        'the full model on NTU RGB+D 120; step.py --device cuda tells them',
    )
    add('--json', metavar='FILE', help='write the rows of all tables here')
    return parser.parse_args()


def step_rows(args: argparse.Namespace) -> Iterator[Row]:
    """Milliseconds and clips per second of each variant, size by size.

    A machine that others use is slower at one time than at another. Each
    size therefore takes its steps in turn with a run that stays the same, the
    first variant at the first size, and its times are divided by how much
    slower than at the beginning that one has become.
    """
    base, sweep = (QUICK_BASE, QUICK) if args.quick else (BASE, SWEEP)
    shapes = [('base', base)]
    for axis, values in sweep.items():
        shapes += [(axis, replace(base, **{AXES[axis]: x})) for x in values]
    clock, usual = Clock(torch.device(args.device)), 0.0
    with tempfile.TemporaryDirectory() as folder:
        names = args.variants
        (steady,) = build(names[:1], args.config, base, clock, folder)
        steady.name = 'steady'
        for axis, shape in shapes:
            variants = build(names, args.config, shape, clock, folder)
            times = measure([*variants, steady], args.rounds)
            now = spread([each['ms'] for each in times[steady.name]])[0]
            usual = usual or now
            sizes = {a: getattr(shape, field) for a, field in AXES.items()}
            for name in names:
                ms = spread([x['ms'] * usual / now for x in times[name]])
                hook = spread(
                    [x['saliency'] * usual / now for x in times[name]]
                )
                yield dict(
                    what='step',
                    variant=name,
                    axis=axis,
                    **sizes,
                    ms=ms[0],
                    ms_low=ms[1],
                    ms_high=ms[2],
                    clips_per_s=1e3 * shape.batch / ms[0],
                    saliency_ms=hook[0],
                )


def terms(rows: pd.DataFrame) -> np.ndarray:
    """Value of each of ``TERMS``, a row per size n, m, t, v, k."""
    n, m, t, v, k = (rows[name].to_numpy(float) for name in 'nmtvk')
    return np.stack(
        [np.ones_like(n), n * m * t * v, n * m * t, n * m * v * v, k], 1
    )


def solve(values: np.ndarray, ms: np.ndarray) -> np.ndarray:
    """Least squares over relative errors, no weight below zero."""
    relative = values / ms[:, None]
    # Columns of like size, for the sake of the solver.
    scale = relative.max(0)
    return nnls(relative / scale, np.ones(len(ms)))[0] / scale


def fit(variant: str, rows: pd.DataFrame) -> Row:
    """Fit the cost of a variant to its measured sizes.

    Args:
        variant (str): Name.
        rows (DataFrame): Sizes n, m, t, v, k and ms of each step.

    Returns:
        dict: Milliseconds per unit of each of ``TERMS``, R^2, and relative
        errors: median and largest, and the median of sizes left out in turn.
    """
    values, ms = terms(rows), rows.ms.to_numpy()
    weights = solve(values, ms)
    off = values @ weights - ms
    left_out = [
        abs(values[i] @ solve(np.delete(values, i, 0), np.delete(ms, i)) / x)
        for i, x in enumerate(ms)
    ]
    return dict(
        what='fit',
        variant=variant,
        **dict(zip(TERMS, weights)),
        r2=1 - (off @ off) / ((ms - ms.mean()) ** 2).sum(),
        median_error=np.median(abs(off / ms)),
        worst_error=np.max(abs(off / ms)),
        left_out_error=np.median(np.abs(np.array(left_out) - 1)),
    )


def cost_ms(model: Row, size: Row) -> float:
    """Milliseconds of a step at a size, given n, m, t, v and k."""
    weights = np.array([model[name] for name in TERMS])
    return float(terms(pd.DataFrame([size]))[0] @ weights)


def exchange_ms(size: float, machines: str) -> float:
    """A ring all-reduce: 2 (R - 1) messages of a share 1 / R each."""
    gigabytes, latency = MACHINES[machines]
    share = size / RANKS / (gigabytes * 1e6)
    return 2 * (RANKS - 1) * (share + latency) if size else 0.0


def project(
    model: Row, step_ms: float, machines: str, size: Row, times: int, cfg: Any
) -> Row:
    """Time of a pass, no exchange hidden behind any computation."""
    settings = cfg.model.copy()
    settings.cls_head.num_classes = size['k']
    settings.pop('data_preprocessor', None)
    settings.cls_head.loss_cls = dict(type='CrossEntropyLoss')
    grads = sum(
        p.numel() * p.element_size()
        for p in MODELS.build(settings).parameters()
    )
    # Sums and counts of the table in float64, at most once a step.
    shapmix = model['variant'].startswith('shapmix')
    table = 16 * size['k'] * 20 if shapmix else 0
    clips = times * NTU120_XSUB_CLIPS
    total = step_ms + exchange_ms(grads, machines)
    total += exchange_ms(table, machines)
    return dict(
        what='projection',
        variant=model['variant'],
        machines=f'{RANKS} x {machines}',
        clips=clips,
        k=size['k'],
        step_ms=step_ms,
        gradient_ms=exchange_ms(grads, machines),
        hook_ms=exchange_ms(table, machines),
        efficiency=step_ms / total,
        clips_per_s=1e3 * RANKS * size['n'] / total,
        minutes_per_pass=np.ceil(clips / (RANKS * size['n'])) * total / 6e4,
    )


def projections(
    models: Sequence[Row], config: str, assumed: Sequence[float]
) -> Iterator[Row]:
    """Passes over NTU RGB+D 120, and over ten times as much.

    On CPU cores a step costs what the model says. On a GPU a plain step on
    2N clips costs what is assumed, and the others in proportion to the model.
    """
    target, own = load_config(str(TARGET)), load_config(config)
    shape = Shape.of(target)
    cpu, gpu = MACHINES
    floor = next((m for m in models if m['variant'] == FLOOR), None)
    for model in models:
        for times, classes in ((1, 120), (10, 120), (10, 1200)):
            size = {a: getattr(shape, field) for a, field in AXES.items()}
            size['k'] = classes
            step = cost_ms(model, size)
            yield project(model, step, cpu, size, times, own)
            for ms in assumed if floor else ():
                ms *= step / cost_ms(floor, size)
                yield project(model, ms, gpu, size, times, target)


def show(title: str, rows: Sequence[Row]) -> None:
    """Print rows as a Markdown table."""
    if rows:
        frame = pd.DataFrame(rows).drop(columns='what')
        print(f'\n{title}\n')
        print(frame.to_markdown(index=False, floatfmt='.4g'), flush=True)


def main() -> None:
    """Print the tables, write their rows."""
    args = parse_args()
    torch.set_num_threads(1)
    # A runner takes a GPU wherever there is one.
    mmengine.device.utils.DEVICE = args.device
    init_default_scope('mmaction')
    clock = Clock(torch.device(args.device)).name
    print(
        f'{Path(args.config).name}, device {args.device}, 1 CPU thread, '
        f'torch {torch.__version__}, {args.rounds} rounds; ms: {clock}'
    )
    # First the ranks: a process that has trained should not be forked.
    ranks: list[Row] = []
    if not args.no_ranks and args.device == 'cpu':
        shape = QUICK_BASE if args.quick else BASE
        rounds = args.rounds if args.quick else args.rounds + 2
        ranks = rank_rows(args.variants, args.config, shape, rounds)
    steps = list(step_rows(args))
    frame = pd.DataFrame(steps)
    models = [
        fit(name, frame[frame.variant == name]) for name in args.variants
    ]
    future = list(projections(models, args.config, args.gpu_step_ms))
    show('One rank', steps)
    show('ms per unit, least squares over relative errors', models)
    for what, title in (
        ('ranks', 'Two ranks on the CPU (gloo), the same batch on each'),
        ('traffic', 'Bytes that the hook hands over'),
    ):
        show(title, [row for row in ranks if row['what'] == what])
    show('PROJECTION, not measured; its assumptions: docs/scaling.md', future)
    if args.json:
        rows = pd.DataFrame([*steps, *ranks, *models, *future])
        rows = [row.dropna().to_dict() for _, row in rows.iterrows()]
        Path(args.json).write_text(json.dumps(rows, indent=1) + '\n')


if __name__ == '__main__':
    main()
