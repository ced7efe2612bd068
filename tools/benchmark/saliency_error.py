"""Error of every saliency estimator against the exact Shapley values."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any, Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from rich.progress import track
from saliency_replay import FrozenModel, Scheme, replay
from saliency_tracking import TrackTables, errors_of
from scipy import stats
from torch.utils.data import DataLoader

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import Positive, PositiveInt, option
from shapmix_mm.config.data import build_split
from shapmix_mm.config.launch import check_annotations
from shapmix_mm.config.mixins import load_config
from shapmix_mm.config.trained_model import (
    choose_layout,
    default_sizes,
    load_trained,
)
from shapmix_mm.saliency import (
    choose_mean,
    class_info,
    exact_worths,
    joint_gradcam,
    restrict,
)
from shapmix_mm.shapley import combination_masks, mask_to_parts
from shapmix_mm.skeletons import Layout
from shapmix_mm.visualization import plot_error_curves

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
SCHEMES = (
    Scheme('marginal (paper)', 'marginal'),
    Scheme('marginal, recent', 'marginal', 'recent'),
    Scheme('per sample', 'marginal_per_sample'),
    Scheme('per sample, recent', 'marginal_per_sample', 'recent'),
    Scheme('permutation', 'permutation'),
    Scheme('permutation, recent', 'permutation', 'recent'),
    Scheme('fast', 'permutation', 'recent', interval=5, share=0.5),
    Scheme('gradcam', 'gradcam'),
)
COLUMNS = (
    'estimator',
    'epoch',
    'passes',
    'rmse',
    'rmse_ci',
    'rank_corr',
    'seen',
)
# Of a set whose telling parts are known.
KNOWN = ('true_parts_first',)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Frozen model: all 2^P worths of the training samples are '
        'computed once; every estimator then learns a table from batches of '
        'them, and is compared with the exact values when it has spent '
        'each number of forward passes of a batch. While training: the '
        'tables are learnt side by side during one training of CONFIG, and '
        'compared with the exact values of the model as it then is. An '
        'entry that was never observed counts with the mean of its class, as '
        'the blend takes it.',
    )
    add = parser.add_argument
    add('config', nargs='?', help='config; without one, see --quick')
    add('checkpoint', nargs='?', help='trained model; trained here if none')
    add('--quick', action='store_true', help='demo set, within 3 minutes')
    add('--while-training', action='store_true', help='see below')
    add(
        '--every',
        type=option(PositiveInt),
        default=2,
        help='epochs between comparisons',
    )
    add(
        '--seeds',
        type=option(PositiveInt),
        help='number of seeds (5; while training 1)',
    )
    add(
        '--passes',
        type=option(Positive),
        nargs='+',
        help='forward passes to compare at',
    )
    add(
        '--batch-size',
        type=option(PositiveInt),
        default=32,
        help='N (default: 32)',
    )
    add(
        '--max-per-class',
        type=option(PositiveInt),
        help='at most so many samples of each',
    )
    add('--work-dir', help='folder of a training; a temporary one if none')
    add('--json', help='write one flat row per line')
    add('--plot', help='write a figure')
    add('--cfg-options', nargs='+', action=DictAction, help='KEY=VALUE ...')
    args = parser.parse_args()
    if args.config is None and not args.quick:
        parser.error('give a CONFIG, or --quick for the demo set')
    return complete(args)


def complete(args: argparse.Namespace) -> argparse.Namespace:
    """Fill in what depends on other arguments."""
    if args.config is None:
        leaf = 'shapmix' if args.while_training else 'ce'
        args.config = str(CONFIGS / f'ctrgcn_{leaf}_demo.py')
    if args.quick and args.max_per_class is None:
        args.max_per_class = 6
    if args.seeds is None:
        args.seeds = 1 if args.while_training else 3 if args.quick else 5
    budgets = (50, 200, 1000) if args.quick else (50, 200, 1000, 4000)
    args.passes = sorted(args.passes or budgets)
    for name in ('json', 'plot'):
        path = getattr(args, name)
        if path is not None and not Path(path).absolute().parent.is_dir():
            raise FileNotFoundError(f'--{name} {path}: no such folder')
    return args


def training_config(args: argparse.Namespace, work_dir: str) -> Config:
    """Config of a quiet training without validation."""
    cfg = load_config(args.config, [])
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    if args.quick and not args.while_training:
        cfg.train_cfg.max_epochs = 1
        cfg.param_scheduler = []
    cfg.work_dir = args.work_dir or work_dir
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.log_level = 'WARNING'
    check_annotations(cfg, 'train_dataloader')
    return cfg


def frozen_model(
    cfg: Config, args: argparse.Namespace
) -> tuple[FrozenModel, tuple[int, ...]]:
    """Score all coalitions of the training samples; tell the sizes too."""
    trained = load_trained(cfg, args.checkpoint)
    layout = choose_layout(cfg, trained, None)
    sizes = default_sizes(layout.num_parts, trained.sizes)
    train = build_split(cfg, 'train')
    info = class_info(cfg, trained, train, layout)
    samples = restrict(train, info, max_per_class=args.max_per_class)
    device = torch.device('cpu')
    mean, _ = choose_mean(cfg, trained, samples, layout, device)
    worths = exact_worths(
        trained.model,
        samples,
        mean=mean,
        layout=layout,
        progress='all coalitions',
    )
    cam, presence = observe(trained.model, samples, layout, sizes)
    frozen = FrozenModel(
        worths.worths, worths.labels, len(info.names), presence, cam
    )
    return frozen, sizes


def observe(
    model: Any, samples: Any, layout: Layout, sizes: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Grad-CAM of each combination, and who is there, of each sample."""
    members = (
        mask_to_parts(
            combination_masks(layout.num_parts, sizes), layout.num_parts
        ).float()
        @ torch.from_numpy(layout.part_mask()).float()
    )
    cams, presence = [], []
    for batch in DataLoader(samples, 32, collate_fn=pseudo_collate):
        data = model.data_preprocessor(batch, False)
        clips = data['inputs'][:, :1]
        label = torch.cat([s.gt_label for s in data['data_samples']])
        cams.append(joint_gradcam(model, clips, label) @ members.T)
        presence.append(clips.flatten(4).any(-1).squeeze(1))
    return torch.cat(cams), torch.cat(presence)


def frozen_rows(
    frozen: FrozenModel, sizes: Sequence[int], args: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Errors of every scheme and seed at every budget."""
    exact = frozen.exact(sizes)
    work = [(s, seed) for s in SCHEMES for seed in range(args.seeds)]
    for scheme, seed in track(work, 'replaying'):
        tables = replay(
            frozen,
            scheme,
            sizes,
            passes=args.passes,
            batch_size=args.batch_size,
            seed=seed,
        )
        for passes, table in zip(args.passes, tables):
            yield dict(
                estimator=scheme.name,
                passes=passes,
                seed=seed,
                **errors_of(table, exact, scheme),
            )


def training_rows(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Errors of the tables learnt side by side in each training."""
    for seed in range(args.seeds):
        with tempfile.TemporaryDirectory() as folder:
            cfg = training_config(args, folder)
            cfg.randomness = dict(seed=seed)
            cfg.experiment_name = f'saliency_error_{seed}'
            runner = Runner.from_cfg(cfg)
            tracker = TrackTables(
                SCHEMES, every=args.every, max_per_class=args.max_per_class
            )
            # After the hook that measures the mean pose.
            runner.register_hook(tracker, priority='LOW')
            runner.train()
            yield from (dict(row, seed=seed) for row in tracker.rows)


def train_first(args: argparse.Namespace, folder: str) -> Config:
    """Train the model that is then frozen."""
    cfg = training_config(args, folder)
    if args.checkpoint is None:
        print(f'training {Path(args.config).stem} ...', flush=True)
        cfg.randomness = dict(seed=0)
        cfg.experiment_name = 'saliency_error'
        runner = Runner.from_cfg(cfg)
        runner.train()
        runner.save_checkpoint(cfg.work_dir, 'frozen.pth')
        args.checkpoint = str(Path(cfg.work_dir) / 'frozen.pth')
    return cfg


def average(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Mean over the seeds, how many, and half the 95 % t interval."""
    frame = pd.DataFrame(rows)
    keys = [key for key in ('estimator', 'epoch', 'passes') if key in frame]
    if 'epoch' in frame:
        # Seeds differ a little in what they spend on empty coalitions.
        keys.remove('passes')
    grouped = frame.groupby(keys, sort=False)
    seeds = grouped.size()
    quantile = stats.t.ppf(0.975, (seeds - 1).clip(lower=1))
    return (
        grouped.mean()
        .drop(columns='seed')
        .assign(seeds=seeds, rmse_ci=grouped.rmse.sem() * quantile)
        .reset_index()
    )


def report(frame: pd.DataFrame, args: argparse.Namespace) -> None:
    """Print the table; write rows and figure."""
    columns = [c for c in (*COLUMNS, *KNOWN, 'seeds') if c in frame]
    print(frame[columns].to_string(index=False, float_format='{:.3f}'.format))
    paper = frame[frame.estimator == SCHEMES[0].name]
    key = 'epoch' if 'epoch' in frame else 'passes'
    for name in ('permutation, recent', 'fast'):
        own = frame[frame.estimator == name]
        ratio = own.rmse.to_numpy() / paper.rmse.to_numpy()
        spelt = ', '.join(f'{r:.2f} at {k:g}' for r, k in zip(ratio, own[key]))
        print(f'RMSE of {name} over that of the paper, by {key}: {spelt}')
    if args.json:
        rows = frame[columns].replace({np.nan: None}).to_dict('records')
        text = ''.join(json.dumps(row) + '\n' for row in rows)
        Path(args.json).write_text(text)
    if args.plot:
        print(plot_error_curves(frame, args.plot))


def main() -> None:
    """Compare the estimators."""
    args = parse_args()
    MMLogger.get_instance('mmengine', log_level='WARNING')
    init_default_scope('mmaction')
    if args.while_training:
        rows = list(training_rows(args))
    else:
        with tempfile.TemporaryDirectory() as folder:
            frozen, sizes = frozen_model(train_first(args, folder), args)
        rows = list(frozen_rows(frozen, sizes, args))
    report(average(rows), args)


if __name__ == '__main__':
    main()
