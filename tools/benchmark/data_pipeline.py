"""Time a stock pipeline: as it is, with fast transforms, and from a cache.

A sample is what a dataset gives for an index, read and through the training
pipeline of CONFIG, on one core. The annotation file is synthetic: 60 to 120
frames, one person, one and an absent one, or two, in float16 and float32.
The variants take all samples in turn, so that a busy machine slows all of
them, and a ratio is taken within each round. First it is checked that they
give the same, to the bit.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any, Callable

import numpy as np
import torch
from mmaction.registry import DATASETS
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from pose_clips import KINDS, write_clips
from rich.console import Console
from rich.progress import track
from timing import spread

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import PositiveInt, option
from shapmix_mm.config.data import innermost, shared_transforms
from shapmix_mm.config.mixins import load_config
from shapmix_mm.datasets.cache.builder import build_cache

CONFIG = (
    'mmaction::skeleton/stgcn/'
    'stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py'
)
VARIANTS = ('stock', 'ours', 'cache')


def build_datasets(
    folder: str | Path, config: str, samples: int, seed: int
) -> dict[str, Any]:
    """Build the training dataset of a config in each variant.

    Args:
        folder (str or Path): Empty folder for annotation file and cache.
        config (str): Config file, or ``package::path``.
        samples (int): How many samples.
        seed (int): Seed of the samples.

    Returns:
        dict: The dataset of each variant.
    """
    file, cache = Path(folder) / 'clips.pkl', Path(folder) / 'clips.cache'
    write_clips(file, samples, seed)
    stock, fast = load_config(config), load_config(config, ['fast_transforms'])
    build_cache(file, cache, transforms=shared_transforms(fast))
    datasets = {}
    for variant, cfg, source in zip(
        VARIANTS, (stock, fast, fast), (file, file, cache)
    ):
        settings = next(innermost(cfg.train_dataloader)).to_dict()
        settings['ann_file'] = str(source)
        if variant == 'cache':
            settings['type'] = 'CachedPoseDataset'
        datasets[variant] = DATASETS.build(settings)
    return datasets


def check_equal(datasets: dict[str, Any], seed: int) -> None:
    """Refuse to time variants that give different samples.

    Args:
        datasets (dict): The dataset of each variant.
        seed (int): Seed of the transforms.

    Raises:
        RuntimeError: If a sample differs in a bit.
    """
    outputs = {}
    for variant, dataset in datasets.items():
        np.random.seed(seed)
        outputs[variant] = [dataset[i] for i in range(len(dataset))]
    for variant, number in product(outputs, range(len(outputs['stock']))):
        want, got = outputs['stock'][number], outputs[variant][number]
        same = torch.equal(want['inputs'], got['inputs']) and torch.equal(
            want['data_samples'].gt_label, got['data_samples'].gt_label
        )
        if not same:
            raise RuntimeError(
                f'sample {number} of variant {variant!r} is not what stock '
                'gives'
            )


def measure(
    datasets: dict[str, Any],
    rounds: int,
    seed: int,
    track: Callable[[Iterable], Iterable],
) -> dict[str, np.ndarray]:
    """CPU seconds of each round and sample, after one round for warming up.

    Args:
        datasets (dict): The dataset of each variant.
        rounds (int): How often all samples are taken.
        seed (int): Seed of the transforms.
        track (Callable): Wraps the rounds, to show how far it is.

    Returns:
        dict: For each variant the seconds, shape (rounds, samples).
    """
    length = len(next(iter(datasets.values())))
    taken = {v: np.zeros((rounds + 1, length)) for v in datasets}
    for number in track(range(rounds + 1)):
        for variant, dataset in datasets.items():
            np.random.seed(seed + number)
            for index in range(length):
                start = time.process_time()
                dataset[index]
                taken[variant][number, index] = time.process_time() - start
    return {variant: seconds[1:] for variant, seconds in taken.items()}


def rows_of(taken: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Medians over the rounds, and how they compare with stock.

    Args:
        taken (dict): What :func:`measure` gives.

    Returns:
        list[dict]: ``what``, ``variant``, ``value``, ``unit`` and
        ``ratio_to_stock`` of each variant, with the quartiles of the ratio.
    """
    rates = {v: 1 / seconds.mean(axis=1) for v, seconds in taken.items()}
    rows = []
    for variant, rate in rates.items():
        ratio, low, high = spread(rate / rates['stock'])
        rows.append(
            dict(
                what='pipeline',
                variant=variant,
                value=spread(rate)[0],
                unit='samples per second and core',
                ratio_to_stock=ratio,
                ratio_low=low,
                ratio_high=high,
            )
        )
    return rows


def pipeline_rows(
    folder: str | Path,
    *,
    config: str = CONFIG,
    samples: int = 120,
    rounds: int = 7,
    seed: int = 0,
    by_kind: bool = False,
    track: Callable[[Iterable], Iterable] = iter,
) -> list[dict[str, Any]]:
    """Time the variants.

    Args:
        folder (str or Path): Empty folder for annotation file and cache.
        config (str): Config file, or ``package::path``. Defaults to the
            stock ST-GCN on NTU RGB+D 60.
        samples (int): How many samples, of all kinds alike. Defaults to 120.
        rounds (int): How often they are taken. Defaults to 7.
        seed (int): Seed of samples and transforms. Defaults to 0.
        by_kind (bool): Whether rows for each kind of sample, which say it
            under ``kind``, follow those over all. Defaults to False.
        track (Callable): Wraps the rounds, to show how far it is. Defaults
            to iter.

    Returns:
        list[dict]: One row for each variant.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    MMLogger.get_current_instance().setLevel('WARNING')
    init_default_scope('mmaction')
    try:
        datasets = build_datasets(folder, config, samples, seed)
        check_equal(datasets, seed)
        taken = measure(datasets, rounds, seed, track)
    finally:
        torch.set_num_threads(threads)
    rows = rows_of(taken)
    for number, ((persons, present), dtype) in enumerate(KINDS):
        if by_kind:
            kind = f'{present} of {persons} persons, {dtype}'
            own = {v: s[:, number :: len(KINDS)] for v, s in taken.items()}
            rows += [dict(row, kind=kind) for row in rows_of(own)]
    return rows


def report(row: dict[str, Any]) -> str:
    """Format a row as a line of the table."""
    return (
        f'{row.get("kind", "all"):28} {row["variant"]:6} {row["value"]:10.0f} '
        f'{row["ratio_to_stock"]:9.2f} '
        f'[{row["ratio_low"]:.2f}, {row["ratio_high"]:.2f}]'
    )


def main() -> None:
    """Print the table and write the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('config', nargs='?', default=CONFIG)
    parser.add_argument('--samples', type=option(PositiveInt), default=120)
    parser.add_argument('--rounds', type=option(PositiveInt), default=7)
    parser.add_argument('--json', metavar='FILE', help='write rows here')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = pipeline_rows(
            folder,
            config=args.config,
            samples=args.samples,
            rounds=args.rounds,
            by_kind=True,
            track=lambda items: track(
                list(items), 'rounds', console=Console(stderr=True)
            ),
        )
    print(f'{"samples":28} {"":6} {"per second":>10}  x stock [quartiles]')
    print(*map(report, rows), sep='\n')
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=1) + '\n')


if __name__ == '__main__':
    main()
