"""Train a skeleton recognizer."""

import argparse
import shlex
import sys

from mmengine.config import Config

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import NonNegativeInt, option, type_name
from shapmix_mm.config.launch import (
    add_common_arguments,
    bare_model,
    build_runner,
    check_annotations,
    check_training,
    leave_group,
    merge_options,
    one_line_errors,
    set_work_dir,
    training_began,
)
from shapmix_mm.config.mixins import load_config
from shapmix_mm.engine import ResumableHook
from shapmix_mm.engine.compiling import keep_preprocessing_eager
from shapmix_mm.engine.mixed_precision import use_mixed_precision
from shapmix_mm.engine.session import training_session
from shapmix_mm.runs.card import write_card
from shapmix_mm.serialization import find_whole_checkpoint


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'config',
        help='config file, or package::path such as '
        'mmaction::skeleton/stgcn/NAME.py',
    )
    add_common_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from a checkpoint; without a path, from the last whole '
        'one in the work directory, if there is one',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='automatic mixed precision: float16 on a GPU, or what '
        'optim_wrapper.dtype says; bfloat16 on a CPU',
    )
    parser.add_argument(
        '--no-validate',
        action='store_true',
        help='no validation during training',
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by the actual batch size',
    )
    parser.add_argument(
        '--seed', type=option(NonNegativeInt), help='random seed'
    )
    parser.add_argument(
        '--diff-rank-seed',
        action='store_true',
        help='another seed for each process',
    )
    parser.add_argument(
        '--deterministic',
        action='store_true',
        help='deterministic algorithms of cuDNN',
    )
    return parser.parse_args()


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Write the arguments into the config."""
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    set_work_dir(cfg, args)
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise ValueError(
                '--auto-scale-lr needs auto_scale_lr=dict('
                'base_batch_size=...) in the config'
            )
        cfg.auto_scale_lr.enable = True
    given = dict(
        seed=args.seed,
        diff_rank_seed=args.diff_rank_seed or None,
        deterministic=args.deterministic or None,
    )
    cfg.randomness = {
        'seed': None,
        **(cfg.get('randomness') or {}),
        **{k: v for k, v in given.items() if v is not None},
    }
    merge_options(cfg, args)
    _log_validations_by_iteration(cfg)
    if args.amp:
        use_mixed_precision(cfg.optim_wrapper)
    if args.resume == 'auto':
        found = find_whole_checkpoint(cfg.work_dir)
        cfg.resume = found is not None
        # Without one, weights that the config starts from still count.
        cfg.load_from = found or cfg.get('load_from')
    elif args.resume is not None:
        cfg.load_from, cfg.resume = args.resume, True


def _log_validations_by_iteration(cfg: Config) -> None:
    """Where iterations are counted, all validations are of epoch 0."""
    hooks = cfg.get('default_hooks') or {}
    logger = hooks.get('logger', dict(type='LoggerHook'))
    counts = 'max_iters' in (cfg.get('train_cfg') or {})
    if counts and logger and type_name(logger.get('type')) == 'LoggerHook':
        logger = dict(log_metric_by_epoch=False) | dict(logger)
        cfg.merge_from_dict(dict(default_hooks=dict(logger=logger)))


def train(cfg: Config, args: argparse.Namespace) -> None:
    """Train as the config says, whatever its hooks resumable."""
    runner = build_runner(cfg, args)
    if not any(isinstance(hook, ResumableHook) for hook in runner.hooks):
        runner.register_hook(ResumableHook())
    check_training(runner)
    if cfg.get('compile'):
        keep_preprocessing_eager(bare_model(runner))
    runner.train()
    write_card(runner, shlex.join(['python', *sys.argv]))


def main() -> None:
    """Run the training."""
    args = parse_args()
    cfg = load_config(args.config, args.mixins)
    merge_args(cfg, args)
    check_annotations(cfg, 'train_dataloader', 'val_dataloader')
    with training_session(cfg.work_dir, args.launcher):
        train(cfg, args)
    leave_group()


if __name__ == '__main__':
    with one_line_errors(training_began):
        main()
