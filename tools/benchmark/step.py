"""Time a whole training step: plain, of mixing and of several branches.

A step is what mmengine's training loop does with a batch: preprocessing with
the blend, forward and backward pass, optimizer, and all hooks of the variant,
the saliency hook among them. The batch is synthetic and already loaded; shape,
model and optimizer are those of CONFIG. The variants take their steps in turn,
so that a busy machine slows all of them, and a ratio is taken within each
round. A round is as many steps of each variant as a saliency schedule needs to
come round.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import mmengine.device.utils
import torch
from mmengine.registry import init_default_scope
from step_variants import BRANCHES, VARIANTS, Variant, cycle_of
from synthetic_clips import Shape
from timing import Clock, spread

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import PositiveInt, option
from shapmix_mm.config.mixins import load_config

CONFIG = (
    Path(__file__).resolve().parents[2]
    / 'configs/ltnwucla/ctrgcn_ce_ltnwucla.py'
)
PHASES = ('blend', 'forward', 'backward', 'saliency')
DEFAULT = [name for name in VARIANTS if name not in BRANCHES]


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        'config', nargs='?', default=str(CONFIG), help='model and shapes'
    )
    parser.add_argument(
        '--variants',
        nargs='+',
        default=DEFAULT,
        choices=list(VARIANTS),
        help='what to time',
    )
    parser.add_argument(
        '--against',
        default='plain_2n',
        choices=list(VARIANTS),
        help='what ratios are taken to; always timed too',
    )
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    parser.add_argument('--rounds', type=option(PositiveInt), default=7)
    parser.add_argument(
        '--batch', type=option(PositiveInt), help="N; the config's if unset"
    )
    parser.add_argument(
        '--frames', type=option(PositiveInt), help="T; the config's if unset"
    )
    parser.add_argument('--json', metavar='FILE', help='write rows here')
    return parser.parse_args()


def measure(
    variants: list[Variant], rounds: int
) -> dict[str, list[dict[str, float]]]:
    """Milliseconds per step of each variant, in all and by phase, by round.

    One round goes before for warming up.
    """
    cycle = cycle_of(variants)
    rows: dict[str, list[dict[str, float]]] = {v.name: [] for v in variants}
    for number in range(rounds + 1):
        for _ in range(cycle):
            for variant in variants:
                variant.step()
        for variant in variants:
            times = variant.taken()
            if number:
                rows[variant.name].append(times)
    return rows


def row_of(
    variant: Variant,
    own: list[dict[str, float]],
    floor: list[dict[str, float]],
    peak: float,
) -> dict[str, Any]:
    """Medians, and quartiles as the spread, of a variant."""
    ratio, low, high = spread([a['ms'] / b['ms'] for a, b in zip(own, floor)])
    hook = spread([a['saliency'] / b['ms'] for a, b in zip(own, floor)])
    ms = spread([times['ms'] for times in own])[0]
    total = sum(times['ms'] for times in own)
    shares = {
        phase: sum(times[phase] for times in own) / total for phase in PHASES
    }
    return dict(
        variant=variant.name,
        ms=ms,
        wall_ms=spread([times['wall'] for times in own])[0],
        ratio=ratio,
        ratio_low=low,
        ratio_high=high,
        saliency_ratio=hook[0],
        peak_mb=peak,
        **{f'share_{phase}': share for phase, share in shares.items()},
        share_other=1 - sum(shares.values()),
        steps=variant.steps,
        table_updates=variant.table_updates(),
        saliency_passes=variant.saliency_passes(),
    )


def report(row: dict[str, Any]) -> str:
    """Format a row as a line of the table."""
    shares = '  '.join(
        f'{100 * row[f"share_{phase}"]:8.1f}' for phase in (*PHASES, 'other')
    )
    return (
        f'{row["variant"]:16} {row["ms"]:9.1f} {row["wall_ms"]:9.1f}   '
        f'{row["ratio"]:.3f} '
        f'[{row["ratio_low"]:.3f}, {row["ratio_high"]:.3f}]  '
        f'{row["peak_mb"]:8.1f}  {shares}  {row["saliency_passes"]:6.2f}'
    )


def added(
    times: dict[str, list[dict[str, float]]], row: dict[str, Any], floor: str
) -> str:
    """What Shap-Mix adds to ST-Mix, of a step of the floor."""
    rounds = zip(times[row['variant']], times['stmix'], times[floor])
    whole = spread([(a['ms'] - b['ms']) / c['ms'] for a, b, c in rounds])
    median, low, high = (100 * value for value in whole)
    return (
        f'{row["variant"]} adds to stmix {median:.1f} % [{low:.1f}, '
        f'{high:.1f}] of a step of {floor}; its hook alone takes '
        f'{100 * row["saliency_ratio"]:.1f} %'
    )


def main() -> None:
    """Print the table and write the rows."""
    args = parse_args()
    torch.set_num_threads(1)
    # A runner takes a GPU wherever there is one.
    mmengine.device.utils.DEVICE = args.device
    init_default_scope('mmaction')
    cfg, clock = load_config(args.config), Clock(torch.device(args.device))
    shape = Shape.of(cfg, batch=args.batch, frames=args.frames)
    names = list(dict.fromkeys([*args.variants, args.against]))
    print(
        f'{Path(args.config).name}: {shape}, device {args.device}, '
        f'1 CPU thread, torch {torch.__version__}, {args.rounds} rounds; '
        f'ms: {clock.name}'
    )
    with tempfile.TemporaryDirectory() as folder:
        variants = [
            Variant(n, args.config, shape, clock, folder) for n in names
        ]
        times = measure(variants, args.rounds)
        peaks = {v.name: v.megabytes(cycle_of(variants)) for v in variants}
        rows = [
            row_of(v, times[v.name], times[args.against], peaks[v.name])
            for v in variants
        ]
    print(
        f'{"variant":16} {"ms":>9} {"wall ms":>9}   ratio to '
        f'{args.against} [quartiles]  peak MiB  '
        + '  '.join(f'{phase:>8}' for phase in (*PHASES, 'other %'))
        + '  passes'
    )
    print(*map(report, rows), sep='\n')
    for row in rows:
        if 'stmix' in times and row['variant'].startswith('shapmix'):
            print(added(times, row, args.against))
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=1) + '\n')


if __name__ == '__main__':
    main()
