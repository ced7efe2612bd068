"""Exact Shapley saliency of body parts for a trained skeleton recognizer."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from mmengine import dist
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import NonNegativeInt, PositiveInt, option
from shapmix_mm.config.data import build_split
from shapmix_mm.config.launch import (
    add_common_arguments,
    check_annotations,
    join_processes,
    leave_group,
    merge_options,
    one_line_errors,
    set_work_dir,
)
from shapmix_mm.config.mixins import load_config
from shapmix_mm.config.trained_model import (
    TrainedModel,
    choose_layout,
    default_sizes,
    load_trained,
)
from shapmix_mm.evaluation.functional import classes_with_true_parts_first
from shapmix_mm.saliency import (
    FILES,
    SaliencyResult,
    choose_mean,
    class_index,
    class_info,
    class_saliency,
    combination_names,
    exact_worths,
    restrict,
    table_error,
    write_result,
)
from shapmix_mm.serialization import check_writable


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Scores all 2^P coalitions of P body parts of every sample: '
        'the probability of its class with the other parts at the mean pose. '
        'The exact generalised Shapley values of single parts and of '
        'combinations, averaged over each class, are written to '
        'saliency.csv, worths.npz and saliency.png. Any recognizer for '
        'skeleton graphs will do, trained with Shap-Mix or without.',
    )
    add = parser.add_argument
    add('config', help='config file, or package::path')
    add('checkpoint', help='checkpoint file')
    add_common_arguments(parser)
    add(
        '--split',
        default='test',
        help='train, val or test: the dataset of that dataloader; or the '
        'name of a split in the annotation file (default: test)',
    )
    add(
        '--augment',
        action='store_true',
        help="use the training's pipeline instead of the test's",
    )
    add('--out', help='folder of the files; WORK_DIR/exact_saliency if none')
    add(
        '--layout',
        help='joint layout, where the config does not tell the body parts: '
        'a name, or a file with layout = dict(...)',
    )
    add(
        '--sizes',
        type=option(PositiveInt),
        nargs='+',
        help='numbers of parts in a combination; if none, those of the blend '
        'or 2 and 3',
    )
    add('--classes', nargs='+', help='only these, by name or index')
    add(
        '--max-per-class',
        type=option(PositiveInt),
        help='at most so many samples of each',
    )
    add(
        '--seed',
        type=option(NonNegativeInt),
        default=0,
        help='draws them (default: 0)',
    )
    add(
        '--batch-size',
        type=option(PositiveInt),
        default=32,
        help='samples loaded at a time',
    )
    add('--amp', action='store_true', help='automatic mixed precision')
    return parser.parse_args()


def say(text: str) -> None:
    """Print on the main process."""
    if dist.is_main_process():
        print(text, flush=True)


def analyse(cfg: Config, args: argparse.Namespace) -> SaliencyResult:
    """Score all coalitions and average over the classes."""
    loader = f'{args.split}_dataloader'
    check_annotations(cfg, loader if loader in cfg else 'test_dataloader')
    device = torch.device(get_device())
    trained = load_trained(cfg, args.checkpoint, device)
    layout = choose_layout(cfg, trained, args.layout)
    sizes = default_sizes(layout.num_parts, args.sizes or trained.sizes)
    dataset = build_split(cfg, args.split, augment=args.augment)
    info = class_info(cfg, trained, dataset, layout)
    samples = restrict(
        dataset,
        info,
        classes=args.classes,
        max_per_class=args.max_per_class,
        seed=args.seed,
    )
    mean, source = choose_mean(cfg, trained, samples, layout, device)
    say(
        f'{len(samples)} samples of split {args.split}, '
        f'{2**layout.num_parts} coalitions each; layout {layout.name}; mean '
        f'pose {source}'
    )
    worths = exact_worths(
        trained.model,
        samples,
        mean=mean,
        layout=layout,
        batch_size=args.batch_size,
        amp=args.amp,
        progress='scoring',
    )
    saliency = class_saliency(worths, layout.num_parts, sizes, len(info.names))
    asked = args.classes and [class_index(n, info.names) for n in args.classes]
    result = SaliencyResult(layout, sizes, info, mean, worths, saliency, asked)
    describe(result, compare(trained, result))
    return result


def compare(trained: TrainedModel, result: SaliencyResult) -> list[str]:
    """Say how far the learnt table is from the exact values.

    Args:
        trained (TrainedModel): The recognizer.
        result (SaliencyResult): Exact values.

    Returns:
        list[str]: RMSE and rank correlation of each class, to print.
    """
    table = trained.table()
    if table is None:
        say('no saliency table in the checkpoint: all is computed exactly')
        return [''] * len(result.exact)
    values, updates = (tensor.cpu().numpy() for tensor in table)
    if values.shape != result.exact.shape:
        say(
            f'saliency table of shape {values.shape} not compared: sizes '
            f'{result.sizes} have {result.exact.shape}'
        )
        return [''] * len(result.exact)
    error = table_error(values, result.exact, updates)
    within = error.rank_corr[np.isfinite(error.rank_corr)]
    say(
        f'table against exact values: RMSE {error.overall_rmse:.4f}, rank '
        f'correlation {error.overall_rank_corr:.2f} over all entries, '
        f'{within.mean() if len(within) else np.nan:.2f} within a class'
    )
    return [
        f'{rmse:9.4f} {rank_corr:9.2f}'
        for rmse, rank_corr in zip(error.rmse, error.rank_corr)
    ]


def describe(result: SaliencyResult, errors: list[str]) -> None:
    """Print the best combination of each class."""
    info = result.info
    spelt = combination_names(result.combinations, result.layout.part_names)
    density = result.exact / result.joints
    width = max(map(len, ['class', *info.names]))
    best_width = max(map(len, ['best per joint', *spelt]))
    head = f'{"class":{width}} samples  {"best per joint":{best_width}}'
    say(head + (' ' * 6 + 'RMSE rank corr' if any(errors) else ''))
    for index in result.shown:
        name = info.names[index]
        number = result.saliency.samples[index]
        best = spelt[density[index].argmax()] if number else '-'
        line = f'{name:{width}} {number:7d}  {best:{best_width}} '
        say((line + errors[index]).rstrip())
    if info.true_parts is not None:
        dense, whole = (
            classes_with_true_parts_first(
                result.exact, joints, result.combinations, info.true_parts
            )
            for joints in (result.joints, None)
        )
        say(
            f'{dense.first.sum()} of {dense.judged.sum()} classes rank a '
            'combination with their true parts first per joint, '
            f'{whole.first.sum()} by v_b; '
            f'{dense.chance[dense.judged].sum():.1f} would by chance'
        )


def main() -> None:
    """Run the analysis."""
    args = parse_args()
    cfg = load_config(args.config, args.mixins)
    merge_options(cfg, args)
    set_work_dir(cfg, args)
    folder = Path(args.out or Path(cfg.work_dir) / 'exact_saliency')
    for name in FILES:
        check_writable(folder / name)
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    join_processes(cfg, args)
    result = analyse(cfg, args)
    if dist.is_main_process():
        write_result(folder, result)
        say(f'written: {", ".join(str(folder / name) for name in FILES)}')
    leave_group()


if __name__ == '__main__':
    with one_line_errors():
        main()
