"""Two ranks on the CPU: time beside one rank, and bytes that are exchanged."""

from __future__ import annotations

import json
import os
import tempfile
import time
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Callable, Iterator
from unittest.mock import patch

import torch
from mmaction.structures import ActionDataSample
from mmengine.model import MMDistributedDataParallel
from step_variants import Variant, build
from synthetic_clips import Shape
from timing import Clock, spread
from torch import distributed
from torch.multiprocessing import get_all_start_methods, start_processes

__all__ = ['rank_rows']

RANKS = 2
# What hands tensors to other ranks, in the order of their arguments.
COLLECTIVES = ('all_reduce', 'broadcast', 'all_gather', 'reduce_scatter')


def rank_rows(
    names: list[str], path: str, shape: Shape, rounds: int
) -> list[dict[str, Any]]:
    """Rows of weak scaling and of the hook's traffic.

    Args:
        names (list[str]): Keys of ``VARIANTS``, Shap-Mix ones among them.
        path (str): Config file.
        shape (Shape): Sizes of each rank's batch.
        rounds (int): Rounds of steps.
    """
    # A fork has the imports done; where there is none, they are repeated.
    method = 'fork' if 'fork' in get_all_start_methods() else 'spawn'
    with tempfile.TemporaryDirectory() as folder:
        start_processes(
            _work,
            args=(names, path, shape, rounds, folder),
            nprocs=RANKS,
            start_method=method,
        )
        return json.loads(Path(folder, 'rows.json').read_text())


def _work(
    rank: int, names: list[str], path: str, shape: Shape, *rest: Any
) -> None:
    rounds, folder = rest
    torch.set_num_threads(1)
    os.environ['LOCAL_RANK'] = str(rank)
    own = str(Path(folder, str(rank)))
    Path(own).mkdir()
    distributed.init_process_group(
        'gloo',
        init_method=f'file://{folder}/meeting',
        rank=rank,
        world_size=RANKS,
    )
    rows: list[dict[str, Any]] = []
    for name in names:
        pair = _pair(name, path, shape, own)
        rows += _times(name, pair, rank, rounds)
        if pair[1].hook:
            rows += _traffic(name, pair[1], shape)
    if rank == 0:
        Path(folder, 'rows.json').write_text(json.dumps(rows))
    # A rank that exits first may abort another that still listens to it.
    distributed.barrier()
    distributed.destroy_process_group()


def _pair(
    name: str, path: str, shape: Shape, folder: str
) -> tuple[Variant, Variant]:
    """The same training by itself, and as one rank of several."""
    clock, both = Clock(torch.device('cpu')), []
    for place in ('apart', 'together'):
        own = Path(folder, place)
        own.mkdir(exist_ok=True)
        with _alone() if place == 'apart' else nullcontext():
            both += build([name], path, shape, clock, str(own))
    both[1].runner.model = MMDistributedDataParallel(
        both[1].runner.model, device_ids=None, broadcast_buffers=False
    )
    return both[0], both[1]


@contextmanager
def _alone() -> Iterator[None]:
    """Let mmengine see one rank, so that nothing is exchanged."""
    with patch('mmengine.dist.utils.is_distributed', lambda: False):
        yield


def _times(
    name: str, pair: tuple[Variant, Variant], rank: int, rounds: int
) -> list[dict[str, Any]]:
    """Wall and CPU milliseconds of a step, by how many ranks take part."""
    apart, together = pair
    taken: dict[str, list[tuple[float, float]]] = {}
    for number in range(rounds + 1):
        for way in ('one rank', 'two apart', 'two together'):
            distributed.barrier()
            if way == 'two together':
                times = _timed(together)
            elif way == 'two apart' or rank == 0:
                with _alone():
                    times = _timed(apart)
            else:
                continue
            if number:
                taken.setdefault(way, []).append(times)
    distributed.barrier()
    if rank:
        return []
    walls = {way: spread([w for w, _ in t]) for way, t in taken.items()}
    cpus = {way: spread([c for _, c in t])[0] for way, t in taken.items()}
    return [
        dict(
            what='ranks',
            variant=name,
            way=way,
            ranks=1 + (way != 'one rank'),
            wall_ms=wall[0],
            wall_ms_low=wall[1],
            wall_ms_high=wall[2],
            cpu_ms=cpus[way],
            efficiency_cpu=cpus['one rank'] / cpus[way],
            efficiency_wall=walls['one rank'][0] / wall[0],
            # What is shared, cores and memory, is shared by these two alike.
            efficiency_to_apart=walls['two apart'][0] / wall[0],
        )
        for way, wall in walls.items()
    ]


def _timed(variant: Variant) -> tuple[float, float]:
    """Wall and CPU milliseconds of a step, over a saliency schedule."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(variant.interval):
        variant.step()
    variant.taken()
    passed = time.perf_counter() - wall, time.process_time() - cpu
    return tuple(1e3 * each / variant.interval for each in passed)


def _traffic(
    name: str, variant: Variant, shape: Shape
) -> list[dict[str, Any]]:
    """Bytes that a rank hands over in a step, inside the hook and by DDP."""
    hook, rows = variant.hook, []
    assert hook is not None
    table = hook.table.values
    grads = sum(p.numel() * p.element_size() for p in _trained(variant))
    touched = {1, 2, shape.batch // 2, min(shape.batch, shape.classes)}
    for classes in sorted(touched - {0}):
        _relabel(variant.batch, classes)
        with _counted(hook) as given:
            for _ in range(variant.interval):
                variant.step()
        rows.append(
            dict(
                what='traffic',
                variant=name,
                n=shape.batch,
                k=table.size(0),
                b=table.size(1),
                classes_touched=classes,
                hook_bytes=sum(size for _, size in given),
                table_bytes=sum(s for n, s in given if n == 'all_reduce'),
                steps=variant.interval,
                formula_bytes=16 * table.numel(),
                gradient_bytes=grads * variant.interval,
            )
        )
    return rows


def _trained(variant: Variant) -> list[torch.nn.Parameter]:
    return [p for p in variant.runner.model.parameters() if p.requires_grad]


def _relabel(batch: dict[str, Any], classes: int) -> None:
    """Give the samples of a batch as few classes as wanted."""
    batch['data_samples'] = [
        ActionDataSample().set_gt_label(i % classes)
        for i in range(len(batch['data_samples']))
    ]


@contextmanager
def _counted(hook: Any) -> Iterator[list[tuple[str, int]]]:
    """Note each collective that the hook calls, and the bytes it was given."""
    given: list[tuple[str, int]] = []
    original = hook.after_train_iter

    def watched(*args: Any, **kwargs: Any) -> None:
        with ExitStack() as patches:
            for name in COLLECTIVES:
                for module in (distributed, distributed.distributed_c10d):
                    call = _noting(name, getattr(module, name), given)
                    patches.enter_context(patch.object(module, name, call))
            original(*args, **kwargs)

    with patch.object(hook, 'after_train_iter', watched):
        yield given


def _noting(name: str, real: Callable, given: list) -> Callable:
    def call(*args: Any, **kwargs: Any) -> Any:
        # The last tensor is this rank's own share.
        own = [a for a in args if isinstance(a, torch.Tensor)][-1]
        given.append((name, own.numel() * own.element_size()))
        return real(*args, **kwargs)

    return call
