"""Time CTR-GCN against its textbook form and the stock GCN backbones.

All models run in turn, round after round, so that a busy machine slows all
of them; a ratio is taken within each round, to the textbook form in the same
mode, precision and state of compilation. What cannot be compiled here, such
as for want of a C++ compiler, is named as absent.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Callable

import numpy as np
import torch
from backbone_models import LADDER, NAMES, build
from mmengine.logging import MMLogger
from timing import Clock, spread
from torch import Tensor, nn

from shapmix_mm.arguments import PositiveInt, option
from shapmix_mm.skeletons import get_layout

MODES = ('forward', 'forward_backward')
DTYPES = dict(float32=torch.float32, bf16=torch.bfloat16)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        '--models',
        nargs='+',
        default=list(NAMES),
        choices=NAMES,
        help='the textbook form is always timed too',
    )
    parser.add_argument(
        '--ideas',
        action='store_true',
        help='time the steps from the textbook form to CTRGCN in place of '
        'the models, each with one idea more',
    )
    parser.add_argument(
        '--dtypes',
        nargs='+',
        default=['float32'],
        choices=list(DTYPES),
        help='bf16 is autocast over float32 weights',
    )
    parser.add_argument(
        '--compile',
        action='store_true',
        help='time models after torch.compile as well (needs a compiler)',
    )
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    parser.add_argument('--rounds', type=option(PositiveInt), default=5)
    parser.add_argument(
        '--batch', type=option(PositiveInt), default=32, help='samples N'
    )
    parser.add_argument(
        '--persons', type=option(PositiveInt), default=2, help='persons M'
    )
    parser.add_argument(
        '--frames', type=option(PositiveInt), default=32, help='frames T'
    )
    parser.add_argument('--layout', default='nturgb+d')
    parser.add_argument(
        '--base-channels', type=option(PositiveInt), default=16
    )
    parser.add_argument('--stages', type=option(PositiveInt), default=6)
    parser.add_argument(
        '--inflate-stages', type=option(PositiveInt), nargs='*', default=[3, 5]
    )
    parser.add_argument(
        '--down-stages', type=option(PositiveInt), nargs='*', default=[3, 5]
    )
    parser.add_argument('--json', metavar='FILE', help='write rows here')
    return parser.parse_args()


def step(model: nn.Module, x: Tensor, mode: str, dtype: torch.dtype) -> None:
    """Run a forward pass in evaluation, or a training step's two passes."""
    half = dtype != torch.float32
    backward = mode == 'forward_backward'
    with (
        torch.set_grad_enabled(backward),
        torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=half),
    ):
        y = model(x)
    if backward:
        model.zero_grad(set_to_none=True)
        y.float().mean().backward()


def saved_megabytes(model: nn.Module, x: Tensor, dtype: torch.dtype) -> float:
    """Memory that a training step keeps for its backward pass, in MiB."""
    storages: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        with torch.autocast(
            x.device.type, dtype=torch.bfloat16, enabled=dtype != torch.float32
        ):
            y = model.train()(x)
        assert y.requires_grad
    return sum(storages.values()) / 2**20


def warm_up(
    models: dict[str, nn.Module], run: Callable[[nn.Module], None]
) -> dict[str, str]:
    """Run each model twice; tell why those do not run that do not."""
    absent = {}
    for name, model in models.items():
        try:
            run(model)
            run(model)
        except Exception as error:
            if not hasattr(model, '_orig_mod'):
                raise
            # Compilers fail in ways of their own.
            absent[name] = f'{type(error).__name__}: {error}'.splitlines()[0]
    return absent


def measure(
    models: dict[str, nn.Module], run: Callable[[nn.Module], None], rounds: int
) -> dict[str, np.ndarray]:
    """Milliseconds of each model in each round."""
    clock = Clock(next(next(iter(models.values())).parameters()).device)
    times: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(rounds):
        for name, model in models.items():
            begin = clock.mark()
            run(model)
            end = clock.mark()
            clock.finish()
            times[name].append(clock.between(begin, end))
    return {name: np.array(values) for name, values in times.items()}


def rows_of(
    models: dict[str, nn.Module],
    saved: dict[str, float],
    run: Callable[[nn.Module], None],
    rounds: int,
    **common: Any,
) -> list[dict[str, Any]]:
    """Medians, and quartiles as the spread; None for what is absent."""
    absent = warm_up(models, run)
    ready = {n: model for n, model in models.items() if n not in absent}
    times = measure(ready, run, rounds) if ready else {}
    rows = []
    for name in models:
        floor = times.get('ctrgcn_textbook')
        ms = spread(times[name])[0] if name in times else None
        ratio: tuple[float | None, ...] = (None, None, None)
        if name in times and floor is not None:
            ratio = spread(times[name] / floor)
        rows.append(
            dict(
                model=name,
                **common,
                ms=ms,
                ratio_to_textbook=ratio[0],
                ratio_low=ratio[1],
                ratio_high=ratio[2],
                saved_mb=saved[name],
                absent=absent.get(name),
            )
        )
    return rows


def report(row: dict[str, Any]) -> str:
    """Format a row as a line of the table."""
    head = (
        f'{row["model"]:16} {row["mode"]:17} {row["dtype"]:8} '
        f'{"yes" if row["compiled"] else "no":8} '
    )
    if row['ms'] is None:
        return f'{head}absent: {row["absent"]}'
    line = f'{head}{row["ms"]:9.1f}   '
    if row['ratio_to_textbook'] is not None:
        line += (
            f'{row["ratio_to_textbook"]:.2f} '
            f'[{row["ratio_low"]:.2f}, {row["ratio_high"]:.2f}]   '
        )
    return f'{line}{row["saved_mb"]:8.1f}'


def main() -> None:
    """Print the table and write the rows."""
    args = parse_args()
    torch.set_num_threads(1)
    MMLogger.get_instance('mmengine', log_level='WARNING')
    joints = get_layout(args.layout).num_joints
    x = torch.randn(
        args.batch, args.persons, args.frames, joints, 3, device=args.device
    )
    chosen = LADDER if args.ideas else args.models
    names = list(dict.fromkeys(['ctrgcn_textbook', *chosen]))
    plain = {name: build(name, args).to(args.device) for name in names}
    print(
        f'N={args.batch} M={args.persons} T={args.frames} V={joints}, '
        f'device {args.device}, 1 CPU thread, torch {torch.__version__}, '
        f'{args.rounds} rounds; ms: {Clock(x.device).name}'
    )
    print(
        f'{"model":16} {"mode":17} {"dtype":8} compiled '
        f'{"ms":>9}   ratio [quartiles]      saved MiB'
    )
    rows = []
    for name in args.dtypes:
        dtype = DTYPES[name]
        saved = {n: saved_megabytes(m, x, dtype) for n, m in plain.items()}
        for compiled in (False, True)[: 1 + args.compile]:
            models = {
                n: torch.compile(m) if compiled else m
                for n, m in plain.items()
            }
            for mode in MODES:
                for model in models.values():
                    model.train(mode == 'forward_backward')
                rows += rows_of(
                    models,
                    saved,
                    lambda m, mode=mode, dtype=dtype: step(m, x, mode, dtype),
                    args.rounds,
                    mode=mode,
                    dtype=name,
                    compiled=compiled,
                    device=args.device,
                )
                print(*map(report, rows[-len(models) :]), sep='\n')
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=1) + '\n')


if __name__ == '__main__':
    main()
