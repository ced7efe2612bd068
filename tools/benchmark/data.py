"""Measure the way of the data: pipeline, startup and memory, beside stock.

pipeline: samples per second and core, see data_pipeline.py.
startup: CPU seconds until a rank has its datasets of training and
validation, in a fresh process; the file is in the page cache. The rows have
wall_seconds too, to which other work on the machine and a cold disk add.
memory: what a rank with its workers adds to the memory it had before it built
its datasets, with two ranks at a time, after every sample was read once. It
counts memory that is not a page of a file: pages of the cache are shared by
all processes on the machine, and it can drop them at any time.

Startup and memory use an annotation file of the size of NTU RGB+D 120, made
of random joints. Variants: stock is PoseDataset, ours LongTailedPoseDataset
from the pickle, cache the same from a cache.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import PositiveInt, option
from shapmix_mm.serialization import check_writable, write_whole

PROBE = Path(__file__).with_name('data_probe.py')
VARIANTS = ('stock', 'ours', 'cache')
WHAT = ('pipeline', 'startup', 'memory')
RANKS, WORKERS = 2, 2
BAR = partial(track, console=Console(stderr=True))


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--what',
        nargs='+',
        choices=WHAT,
        default=list(WHAT),
        help='what to measure (default: all)',
    )
    parser.add_argument(
        '--samples',
        type=option(PositiveInt),
        default=114_000,
        help='sequences of the annotation file (default: 114000, which takes '
        '2 GB for the file, 2 GB for the cache and 9 GB of memory for stock)',
    )
    parser.add_argument(
        '--folder',
        type=Path,
        help='where annotation file and cache lie, and stay for another run; '
        'the default is a temporary folder',
    )
    parser.add_argument(
        '--rounds',
        type=option(PositiveInt),
        default=1,
        help='how often each startup is measured (default: 1)',
    )
    parser.add_argument(
        '--json',
        metavar='FILE',
        type=target,
        help='write rows here; missing folders are made',
    )
    return parser.parse_args(argv)


def target(text: str) -> Path:
    """Read where rows go, and refuse a place that takes none.

    A run lasts many minutes, so that this is settled before it.

    Args:
        text (str): Word of the command line.

    Returns:
        Path: The file; its folder is there.

    Raises:
        argparse.ArgumentTypeError: If no file can be written there.
    """
    try:
        check_writable(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return Path(text)


def prepare(folder: Path, samples: int) -> dict[str, Path]:
    """Make annotation file and cache, unless they are there.

    Args:
        folder (Path): Where to.
        samples (int): How many sequences.

    Returns:
        dict: What each variant reads.
    """
    from ntu120_sized import write_ntu120_sized

    from shapmix_mm.datasets.cache.builder import build_cache

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f'ntu120_sized_{samples}.pkl'
    write_ntu120_sized(
        file, samples, track=partial(BAR, description='generating')
    )
    cache = file.with_suffix('.cache')
    build_cache(file, cache, track=partial(BAR, description='caching'))
    return dict(stock=file, ours=file, cache=cache)


def start(variant: str, path: Path, **task: Any) -> subprocess.Popen:
    """Start a rank.

    Args:
        variant (str): Name of the variant.
        path (Path): What it reads.
        **task (Any): ``longtail`` and ``workers``.

    Returns:
        Popen: The process.
    """
    words = json.dumps(
        dict(dict(longtail=False, workers=0), **task)
        | dict(variant=variant, path=str(path))
    )
    return subprocess.Popen(
        [sys.executable, '-W', 'ignore', str(PROBE), words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen) -> str:
    """Wait for a line of a rank.

    Args:
        process (Popen): The rank.

    Returns:
        str: The line.

    Raises:
        RuntimeError: If it ended without one.
    """
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(('{', 'ready')):
            return line
    raise RuntimeError(f'a rank ended with exit code {process.wait()}')


def tell(process: subprocess.Popen) -> None:
    """Let a rank go on."""
    assert process.stdin is not None
    process.stdin.write('\n')
    process.stdin.flush()


def startup_rows(
    paths: dict[str, Path], rounds: int = 1
) -> list[dict[str, Any]]:
    """Measure how long a rank takes to have its datasets.

    Args:
        paths (dict): What each variant reads.
        rounds (int): How often. Defaults to 1.

    Returns:
        list[dict]: Medians for the whole set, and for a long-tailed one,
        which stock does not make and is compared with its whole one.
    """
    tasks = [('whole', v) for v in VARIANTS]
    tasks += [('long-tailed', v) for v in VARIANTS[1:]]
    taken: dict[tuple, list[dict]] = {task: [] for task in tasks}
    for part, variant in BAR(tasks * rounds, 'startup'):
        with start(
            variant, paths[variant], longtail=part != 'whole'
        ) as process:
            taken[part, variant].append(json.loads(answer(process)))
    cpu, wall = (
        {
            task: np.array([t[key] for t in found])
            for task, found in taken.items()
        }
        for key in ('cpu_seconds', 'seconds')
    )
    return [
        dict(
            what='startup',
            variant=variant,
            value=float(np.median(cpu[part, variant])),
            unit='CPU s per rank',
            ratio_to_stock=float(
                np.median(cpu[part, variant] / cpu['whole', 'stock'])
            ),
            set=part,
            wall_seconds=float(np.median(wall[part, variant])),
            samples=found[0]['samples'],
        )
        for (part, variant), found in taken.items()
    ]


def memory_rows(paths: dict[str, Path]) -> list[dict[str, Any]]:
    """Measure what ranks and their workers hold.

    Args:
        paths (dict): What each variant reads.

    Returns:
        list[dict]: The mean over the ranks, for each variant.
    """
    rows: list[dict[str, Any]] = []
    for variant in BAR(VARIANTS, 'memory'):
        ranks: list[subprocess.Popen] = []
        for _ in range(RANKS):
            ranks.append(start(variant, paths[variant], workers=WORKERS))
            # One by one, as loading takes far more memory than it leaves.
            answer(ranks[-1])
        found = []
        for rank in ranks:
            tell(rank)
            found.append(json.loads(answer(rank)))
        for rank in ranks:
            tell(rank)
            rank.wait()
        mean = {k: float(np.mean([f[k] for f in found])) for k in found[0]}
        stock = rows[0]['value'] if rows else mean['added_mb']
        rows.append(
            dict(
                what='memory',
                variant=variant,
                value=mean['added_mb'],
                unit=f'MB per rank with {WORKERS} workers',
                ratio_to_stock=mean['added_mb'] / stock,
                before_mb=mean['before_mb'],
                file_pages_mb=mean['file_mb'],
                samples=found[0]['samples'],
            )
        )
    return rows


def report(row: dict[str, Any]) -> str:
    """Format a row as a line of the table."""
    wall = row.get('wall_seconds')
    return (
        f'{row["what"]:9} {row["variant"]:6} {row.get("set", ""):12} '
        f'{row["value"]:10.2f} {row["ratio_to_stock"]:9.4f}  {row["unit"]}'
        + (f', {wall:.2f} on the clock' if wall is not None else '')
    )


def main(argv: list[str] | None = None) -> None:
    """Print the table and write the rows."""
    args = parse_args(argv)
    rows: list[dict[str, Any]] = []
    if 'pipeline' in args.what:
        from data_pipeline import pipeline_rows

        with tempfile.TemporaryDirectory() as folder:
            rows += pipeline_rows(folder)
    if set(args.what) - {'pipeline'}:
        with (
            tempfile.TemporaryDirectory()
            if args.folder is None
            else nullcontext(args.folder)
        ) as folder:
            paths = prepare(Path(folder), args.samples)
            if 'startup' in args.what:
                rows += startup_rows(paths, args.rounds)
            if 'memory' in args.what:
                rows += memory_rows(paths)
    print(f'{"what":9} {"":6} {"":12} {"value":>10}   x stock  unit')
    print(*map(report, rows), sep='\n')
    if args.json:
        write_whole(args.json, json.dumps(rows, indent=1) + '\n')


if __name__ == '__main__':
    main()
