"""Time every blend against one copy of the batch.

What is timed is the mixing: skeletons and soft labels of N samples in, mixed
ones out. The whole call, which also joins originals and mixed samples and
makes their data samples, is timed beside it. Each timing follows an untimed
run of the same, and all take turns, so that a busy machine slows all of them;
a ratio is taken within each round.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Callable

import numpy as np
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope
from timing import Clock, peak_bytes, spread
from torch import Tensor

from shapmix_mm.arguments import PositiveInt, option
from shapmix_mm.models import SkeletonBlending, blending
from shapmix_mm.skeletons import get_layout

CLASSES = 60
COPY = 'copy'
#: Branches of the blends that choose one at random.
BRANCHES = {
    'STMixBlending, Mixup only': dict(type='STMixBlending', mixup_prob=1.0),
    'STMixBlending, cut only': dict(type='STMixBlending', mixup_prob=0.0),
    'ShapMixBlending, cut only': dict(type='ShapMixBlending', mixup_prob=0.0),
}


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    parser.add_argument('--rounds', type=option(PositiveInt), default=15)
    parser.add_argument(
        '--batch',
        type=option(PositiveInt),
        nargs='+',
        default=[32, 64, 128, 256],
    )
    parser.add_argument(
        '--persons', type=option(PositiveInt), default=2, help='persons M'
    )
    parser.add_argument(
        '--frames', type=option(PositiveInt), default=64, help='frames T'
    )
    parser.add_argument('--layout', default='nturgb+d')
    parser.add_argument('--json', metavar='FILE', help='write rows here')
    return parser.parse_args()


def blends(layout: str, device: str) -> dict[str, SkeletonBlending]:
    """Every registered blend of the package, and single branches."""
    # Views of a clip are mixed in pairs, which costs nothing comparable.
    names = [
        name
        for name in blending.__all__
        if name in MODELS.module_dict and MODELS.get(name).num_clips == 1
    ]
    settings = {name: dict(type=name) for name in names} | BRANCHES
    return {
        name: build(dict(own, num_classes=CLASSES, layout=layout)).to(device)
        for name, own in settings.items()
    }


def build(settings: dict[str, Any]) -> SkeletonBlending:
    """Build a blend as it is late in a training: counts known, guided."""
    blend: Any = MODELS.build(settings)
    if getattr(blend, 'needs_class_counts', False):
        blend.set_class_counts(list(range(CLASSES, 0, -1)))
    if hasattr(blend, 'saliency'):
        blend.saliency.values.normal_()
        blend.saliency.updates.fill_(1)
        blend.guided.fill_(1)
    return blend


def tasks(
    own: dict[str, SkeletonBlending], clips: Tensor
) -> dict[str, Callable[[], Any]]:
    """The copy, the mixing of each blend, and the whole call of each."""
    num = len(clips)
    index = torch.randint(CLASSES, (num,), device=clips.device)
    label = torch.eye(CLASSES, device=clips.device)[index]
    samples = [ActionDataSample().set_gt_label(int(k)) for k in index]
    runs: dict[str, Callable[[], Any]] = {COPY: clips.clone}
    for name, blend in own.items():
        runs[name] = lambda b=blend: b.do_blending(clips, label)
        runs[f'{name}()'] = lambda b=blend: b(clips, samples)
    return runs


def measure(
    runs: dict[str, Callable[[], Any]], clock: Clock, rounds: int
) -> dict[str, np.ndarray]:
    """Milliseconds of each task in each round, after one for warming up."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            run()
            begin = clock.mark()
            run()
            end = clock.mark()
            clock.finish()
            if number:
                times[name].append(clock.between(begin, end))
    return {name: np.array(values) for name, values in times.items()}


def rows_of(
    own: dict[str, SkeletonBlending], clips: Tensor, clock: Clock, rounds: int
) -> list[dict[str, Any]]:
    """Medians, and quartiles as the spread, of all blends at one N."""
    runs = tasks(own, clips)
    times = measure(runs, clock, rounds)
    size = clips.nbytes
    rows = []
    for name in own:
        ratio, low, high = spread(times[name] / times[COPY])
        rows.append(
            dict(
                blend=name,
                n=len(clips),
                device=clips.device.type,
                ms=spread(times[name])[0],
                copy_ms=spread(times[COPY])[0],
                ratio_to_copy=ratio,
                ratio_low=low,
                ratio_high=high,
                whole_ms=spread(times[f'{name}()'])[0],
                peak_copies=peak_bytes(runs[name], clips.device) / size,
            )
        )
    return rows


def report(row: dict[str, Any]) -> str:
    """Format a row as a line of the table."""
    return (
        f'{row["blend"]:26} {row["n"]:4} {row["ms"]:9.2f} '
        f'{row["copy_ms"]:8.2f}   {row["ratio_to_copy"]:5.1f} '
        f'[{row["ratio_low"]:.1f}, {row["ratio_high"]:.1f}]   '
        f'{row["whole_ms"]:8.2f}   {row["peak_copies"]:5.1f}'
    )


def growth(rows: list[dict[str, Any]]) -> float:
    """Exponent p of the law ms ~ N^p that fits a blend's times best."""
    log_n, log_ms = (np.log([row[key] for row in rows]) for key in ('n', 'ms'))
    return float(np.polyfit(log_n, log_ms, 1)[0])


def main() -> None:
    """Print the table and write the rows."""
    args = parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    init_default_scope('mmaction')
    clock = Clock(torch.device(args.device))
    own = blends(args.layout, args.device)
    size = (1, args.persons, args.frames, get_layout(args.layout).num_joints)
    print(
        f'M={args.persons} T={args.frames} V={size[-1]} K={CLASSES}, device '
        f'{args.device}, 1 CPU thread, torch {torch.__version__}, '
        f'{args.rounds} rounds; ms: {clock.name}'
    )
    print(
        f'{"blend":26} {"N":>4} {"ms":>9} {"copy ms":>8}   ratio [quartiles]'
        f'   {"whole ms":>8}   peak in copies'
    )
    rows = []
    for num in args.batch:
        clips = torch.randn(num, *size, 3, device=args.device)
        rows += rows_of(own, clips, clock, args.rounds)
        print(*map(report, rows[-len(own) :]), sep='\n')
    if len(args.batch) > 1:
        for name in own:
            power = growth([row for row in rows if row['blend'] == name])
            verdict = 'linear in N or less' if power < 1.2 else 'NOT linear'
            print(f'{name}: ms grows as N^{power:.2f}, {verdict}')
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=1) + '\n')


if __name__ == '__main__':
    main()
