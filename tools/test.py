"""Test a skeleton recognizer."""

import argparse

from mmengine.config import Config
from mmengine.runner import Runner

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import NonNegative, PositiveInt, option
from shapmix_mm.config.launch import (
    add_common_arguments,
    bare_model,
    build_runner,
    check_annotations,
    leave_group,
    merge_options,
    one_line_errors,
    set_work_dir,
)
from shapmix_mm.config.load import type_name
from shapmix_mm.config.mixins import load_config
from shapmix_mm.config.trained_model import load_weights

_STOCK_HOOK = 'VisualizationHook'


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file, or package::path')
    parser.add_argument('checkpoint', help='checkpoint file')
    add_common_arguments(parser)
    parser.add_argument(
        '--dump', metavar='FILE.pkl', help='write all predictions to a file'
    )
    parser.add_argument(
        '--show-dir', help='directory for pictures of the predictions'
    )
    parser.add_argument(
        '--show', action='store_true', help='show pictures in a window'
    )
    parser.add_argument(
        '--interval',
        type=option(PositiveInt),
        default=1,
        help='samples between pictures',
    )
    parser.add_argument(
        '--wait-time',
        type=option(NonNegative),
        default=2,
        help='seconds to show a picture',
    )
    return parser.parse_args()


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Write the arguments into the config."""
    set_work_dir(cfg, args)
    if args.show or args.show_dir is not None:
        hooks = cfg.get('default_hooks') or {}
        hook = dict(hooks.get('visualization') or dict(type=_STOCK_HOOK))
        if type_name(hook['type']) == _STOCK_HOOK:
            # The stock one takes every clip for a video.
            hook['type'] = f'Skeleton{_STOCK_HOOK}'
        hook.update(
            enable=True,
            show=args.show,
            wait_time=args.wait_time,
            out_dir=args.show_dir,
            interval=args.interval,
        )
        cfg.default_hooks = dict(hooks, visualization=hook)
    if args.dump is not None:
        if not args.dump.endswith(('.pkl', '.pickle')):
            raise ValueError(f'--dump needs a .pkl file, got {args.dump}')
        metrics = cfg.test_evaluator
        metrics = metrics if isinstance(metrics, list) else [metrics]
        cfg.test_evaluator = [
            *metrics,
            dict(type='DumpScores', out_file_path=args.dump),
        ]
    merge_options(cfg, args)
    cfg.load_from = args.checkpoint


def main() -> None:
    """Run the test."""
    args = parse_args()
    cfg = load_config(args.config, args.mixins)
    merge_args(cfg, args)
    check_annotations(cfg, 'test_dataloader')
    test_whole(build_runner(cfg, args), args.checkpoint)
    leave_group()


def test_whole(runner: Runner, checkpoint: str) -> None:
    """Test a checkpoint that has all weights of the model.

    Args:
        runner (Runner): The runner.
        checkpoint (str): File or address.

    Raises:
        ValueError: If it lacks some or has them in another shape; mmengine
            would test these as they were drawn.
    """
    load_weights(bare_model(runner), checkpoint)
    runner.test()


if __name__ == '__main__':
    with one_line_errors():
        main()
