"""Time CTR-GCN against its textbook form and the stock GCN backbones.

All models run in turn, round after round, so that a busy machine slows all
of them; a ratio is taken within each round. On a GPU, device events time the
work after a warm-up.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from pathlib import Path
from typing import Any, Callable

import numpy as np
import torch
from mmaction.registry import MODELS
from mmengine.logging import MMLogger
from torch import Tensor, nn

from shapmix_mm.skeletons import get_layout

TEXTBOOK = (
    Path(__file__).resolve().parents[2]
    / 'tests'
    / 'models'
    / 'backbones'
    / 'textbook_ctrgcn.py'
)
MODES = ('forward', 'forward_backward')
DTYPES = dict(float32=torch.float32, bf16=torch.bfloat16)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    models = ['ctrgcn', 'ctrgcn_textbook', 'stgcn', 'aagcn']
    parser.add_argument(
        '--models',
        nargs='+',
        default=models,
        choices=models,
        help='the textbook form is always timed too',
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
    parser.add_argument(
        '--threads', type=int, help='CPU threads; as torch chooses if unset'
    )
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--batch', type=int, default=32, help='samples N')
    parser.add_argument('--persons', type=int, default=2, help='persons M')
    parser.add_argument('--frames', type=int, default=32, help='frames T')
    parser.add_argument('--layout', default='nturgb+d')
    parser.add_argument('--base-channels', type=int, default=16)
    parser.add_argument('--stages', type=int, default=6)
    parser.add_argument(
        '--inflate-stages', type=int, nargs='*', default=[3, 5]
    )
    parser.add_argument('--down-stages', type=int, nargs='*', default=[3, 5])
    parser.add_argument('--json', metavar='FILE', help='write rows here')
    return parser.parse_args()


def build(name: str, args: argparse.Namespace) -> nn.Module:
    """Build one of the models, all with the same stages and weights' seed."""
    layout = get_layout(args.layout).graph_layout()
    size = dict(
        base_channels=args.base_channels,
        num_stages=args.stages,
        inflate_stages=args.inflate_stages,
        down_stages=args.down_stages,
        num_person=args.persons,
    )
    torch.manual_seed(0)
    if name == 'ctrgcn_textbook':
        return textbook_class()(layout, **size)
    mode = 'stgcn_spatial' if name == 'stgcn' else 'spatial'
    return MODELS.build(
        dict(
            type=name.upper(), graph_cfg=dict(layout=layout, mode=mode), **size
        )
    )


def textbook_class() -> type[nn.Module]:
    """Load the reference form, which lives with the tests."""
    if not TEXTBOOK.is_file():
        raise FileNotFoundError(
            f'{TEXTBOOK} is missing: run this script in a source checkout'
        )
    spec = importlib.util.spec_from_file_location(TEXTBOOK.stem, TEXTBOOK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TextbookCTRGCN


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


def clock(run: Callable[[], None], device: torch.device) -> float:
    """Time one call in milliseconds."""
    if device.type == 'cuda':
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        end.synchronize()
        return start.elapsed_time(end)
    begin = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - begin)


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


def measure(
    models: dict[str, nn.Module],
    x: Tensor,
    mode: str,
    dtype: torch.dtype,
    rounds: int,
) -> dict[str, np.ndarray]:
    """Milliseconds of each model in each round."""
    for model in models.values():
        model.train(mode == 'forward_backward')
        step(model, x, mode, dtype)
        step(model, x, mode, dtype)
    times: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(rounds):
        for name, model in models.items():
            times[name].append(
                clock(lambda m=model: step(m, x, mode, dtype), x.device)
            )
    return {name: np.array(values) for name, values in times.items()}


def rows_of(
    times: dict[str, np.ndarray], saved: dict[str, float], **common: Any
) -> list[dict[str, Any]]:
    """Medians, and quartiles as the spread."""
    rows = []
    for name, values in times.items():
        ratio = values / times['ctrgcn_textbook']
        low, high = np.percentile(ratio, [25, 75])
        rows.append(
            dict(
                model=name,
                **common,
                ms=float(np.median(values)),
                ratio_to_textbook=float(np.median(ratio)),
                ratio_low=float(low),
                ratio_high=float(high),
                saved_mb=saved[name],
            )
        )
    return rows


def report(row: dict[str, Any]) -> str:
    """Format a row as a line of the table."""
    return (
        f'{row["model"]:16} {row["mode"]:17} {row["dtype"]:8} '
        f'{"yes" if row["compiled"] else "no":8} {row["ms"]:9.1f}   '
        f'{row["ratio_to_textbook"]:.2f} '
        f'[{row["ratio_low"]:.2f}, {row["ratio_high"]:.2f}]   '
        f'{row["saved_mb"]:8.1f}'
    )


def main() -> None:
    """Print the table and write the rows."""
    args = parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    MMLogger.get_instance('mmengine', log_level='WARNING')
    joints = get_layout(args.layout).num_joints
    x = torch.randn(
        args.batch, args.persons, args.frames, joints, 3, device=args.device
    )
    names = list(dict.fromkeys(['ctrgcn_textbook', *args.models]))
    plain = {name: build(name, args).to(args.device) for name in names}
    print(
        f'N={args.batch} M={args.persons} T={args.frames} V={joints}, '
        f'device {args.device}, {torch.get_num_threads()} CPU threads, '
        f'torch {torch.__version__}, {args.rounds} rounds'
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
                times = measure(models, x, mode, dtype, args.rounds)
                rows += rows_of(
                    times, saved, mode=mode, dtype=name, compiled=compiled
                )
                print(*map(report, rows[-len(models) :]), sep='\n')
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=1) + '\n')


if __name__ == '__main__':
    main()
