"""How the cost of a training step scales, and with what.

Measures clips per second against the batch size N, persons M, frames T,
joints V and classes K on one thread or GPU; a step on two CPU ranks beside one
(weak scaling: the batch of each stays the same); and the bytes that the
saliency hook hands to other ranks. Fits a model of the cost, and projects it
onto machines that are not here: a projection says so, and names what it takes
for granted. The batch is synthetic and already loaded, see step.py.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Sequence

import mmengine.device.utils
import torch
from mmengine.registry import init_default_scope
from scaling_model import CostModel, fit
from scaling_plot import plot
from scaling_points import AXES, points, step_rows
from scaling_projection import projected
from scaling_ranks import rank_rows
from step_variants import VARIANTS
from timing import Clock, positive

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)

CONFIG = Path(__file__).resolve().parents[2] / 'configs/ctrgcn_ce_demo.py'
# What follows from the rows that are measured.
DERIVED = ('fit', 'projection')
DEFAULT = ('plain_2n', 'shapmix_faithful', 'shapmix_fast')


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        'config',
        nargs='?',
        default=str(CONFIG),
        help='config of the model; sizes and layout are replaced',
    )
    parser.add_argument(
        '--variants', nargs='+', default=list(DEFAULT), choices=list(VARIANTS)
    )
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    parser.add_argument('--rounds', type=positive, default=2)
    parser.add_argument(
        '--quick', action='store_true', help='tiny sizes, to try it out'
    )
    parser.add_argument(
        '--no-ranks', action='store_true', help='leave out the two ranks'
    )
    parser.add_argument(
        '--gpu-step-ms',
        type=float,
        nargs='+',
        default=[100.0, 400.0],
        help='for the projection: assumed times of plain_2n on one GPU, with '
        'the full model on NTU RGB+D 120; step.py --device cuda tells them',
    )
    parser.add_argument(
        '--rows',
        metavar='FILE',
        nargs='+',
        help='rows of earlier runs, to fit and draw instead of measuring',
    )
    parser.add_argument('--json', metavar='FILE', help='write rows here')
    parser.add_argument('--plot', metavar='FILE', help='draw a figure here')
    return parser.parse_args()


def measured(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Steps at all sizes, a line for each as it comes."""
    clock, rows = Clock(torch.device(args.device)), []
    print(
        f'\n{"axis":5} {"N":>4} {"M":>2} {"T":>3} {"V":>3} {"K":>5}  ', end=''
    )
    print(*(f'{name:>22}' for name in args.variants), '  (ms, clips/s)')
    for own in step_rows(
        points(args.quick), args.variants, args.config, clock, args.rounds
    ):
        rows += own
        shape = [own[0][name] for name in AXES]
        widths = (4, 2, 3, 3, 5)
        sizes = ' '.join(f'{x:{w}d}' for x, w in zip(shape, widths))
        print(f'{own[0]["axis"]:5} {sizes}  ', end='')
        print(
            *(f'{row["ms"]:12.1f} {row["clips_per_s"]:9.1f}' for row in own),
            flush=True,
        )
    return rows


def ranked(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Two ranks beside one, and what the hook exchanges."""
    shape = points(args.quick)[0].shape
    rounds = args.rounds if args.quick else args.rounds + 2
    rows = rank_rows(args.variants, args.config, shape, rounds)
    print(f'two ranks on the CPU (gloo), {shape} on each', flush=True)
    for row in rows:
        if row['what'] == 'ranks':
            print(
                f'{row["variant"]:17} {row["way"]:13} wall '
                f'{row["wall_ms"]:8.1f} [{row["wall_ms_low"]:.1f}, '
                f'{row["wall_ms_high"]:.1f}] ms, CPU {row["cpu_ms"]:8.1f} '
                f'ms; efficiency by CPU time {row["efficiency_cpu"]:.2f}, by '
                f'wall time {row["efficiency_wall"]:.2f}, beside two apart '
                f'{row["efficiency_to_apart"]:.2f}'
            )
    for row in rows:
        if row['what'] == 'traffic':
            print(
                f'{row["variant"]:17} {row["classes_touched"]:3d} classes in '
                f'the batch: {row["hook_bytes"]} bytes in {row["steps"]} '
                f'step(s), of the table {row["table_bytes"]} (16 K B = '
                f'{row["formula_bytes"]}); gradients {row["gradient_bytes"]}'
            )
    return rows


def measure_all(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows of everything that is measured here."""
    print(
        f'{Path(args.config).name}, device {args.device}, 1 CPU thread, '
        f'torch {torch.__version__}, {args.rounds} rounds; ms: '
        f'{Clock(torch.device(args.device)).name}'
    )
    # First the ranks: a process that has trained should not be forked.
    ranks = [] if args.no_ranks or args.device != 'cpu' else ranked(args)
    return measured(args) + ranks


def read(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows that earlier runs have measured."""
    found = [row for f in args.rows for row in json.loads(Path(f).read_text())]
    return [row for row in found if row['what'] not in DERIVED]


def fitted(
    rows: Sequence[dict[str, Any]], variants: Sequence[str]
) -> list[CostModel]:
    """Cost models of the variants, printed."""
    models = []
    print('\nms = a + b NMTV + c NMT + d NMVV + e K, by least squares')
    for name in variants:
        own = [
            row
            for row in rows
            if row['what'] == 'step' and row['variant'] == name
        ]
        model = fit(name, own)
        models.append(model)
        a, b, c, d, e = model.weights
        print(
            f'{name:17} a {a:.1f}, b {b:.2e}, c {c:.2e}, d {d:.2e}, e '
            f'{e:.2e}; R^2 '
            f'{model.r2:.4f}, relative error: median {100 * model.error:.1f}'
            f' %, largest {100 * model.worst:.1f} %, of sizes left out '
            f'{100 * model.left_out:.1f} %'
        )
    return models


def report(row: dict[str, Any]) -> str:
    """Format a projection as a line of the table."""
    return (
        f'{row["variant"]:17} {row["ranks"]} x {row["machines"]:31} '
        f'{row["clips"]:7d} clips, K={row["k"]:<5d} step '
        f'{row["step_ms"]:7.0f} ms + gradients {row["gradient_ms"]:.2f} + '
        f'hook {row["hook_ms"]:.2f}: efficiency {row["efficiency"]:.3f}, '
        f'{row["clips_per_s"]:7.0f} clips/s, a pass '
        f'{row["minutes_per_pass"]:.1f} min'
    )


def main() -> None:
    """Print the tables, write rows and figure."""
    args = parse_args()
    torch.set_num_threads(1)
    # A runner takes a GPU wherever there is one.
    mmengine.device.utils.DEVICE = args.device
    init_default_scope('mmaction')
    rows = read(args) if args.rows else measure_all(args)
    models = fitted(rows, args.variants)
    future = list(projected(models, args.config, args.gpu_step_ms))
    print('\nPROJECTION, not measured; its assumptions: docs/scaling.md')
    print(*map(report, future), sep='\n')
    rows += [*(model.row() for model in models), *future]
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=1) + '\n')
    if args.plot:
        plot(rows, models, args.plot)


if __name__ == '__main__':
    main()
