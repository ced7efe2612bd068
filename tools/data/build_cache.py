"""Turn an annotation file into a memory-mapped one.

A dataset reads the cache where a config names it as ann_file. It starts in
seconds, and all ranks and workers share its pages. With --config, or with
--normalize, the transforms that always do the same to a sample are done here
once; datasets then leave them out of their pipelines.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

EXAMPLES = """examples:
  %(prog)s data/skeleton/ntu120_3d.pkl
  %(prog)s data/skeleton/ntu120_3d.pkl --with fast_transforms \\
    --config configs/ltntu120/ctrgcn_ce_ltntu120.py
  %(prog)s data/skeleton/ntu60_3d.pkl --out /fast/ntu60.cache \\
    --normalize PreNormalize3D align_spine=False align_shoulder=False
  %(prog)s --verify data/skeleton/ntu120_3d.cache

and then
  python tools/train.py CONFIG --cfg-options \\
    train_dataloader.dataset.ann_file=data/skeleton/ntu120_3d.cache \\
    val_dataloader.dataset.ann_file=data/skeleton/ntu120_3d.cache"""


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'source',
        metavar='ANN_FILE',
        type=Path,
        help="annotation pickle, or CTR-GCN's .npz; a cache for --verify",
    )
    parser.add_argument(
        '--out',
        metavar='FILE',
        type=Path,
        help='cache to make; the default is beside ANN_FILE, with the '
        'ending .cache. A config that means to read it gives it as ann_file',
    )
    steps = parser.add_mutually_exclusive_group()
    steps.add_argument(
        '--config',
        help='config with whose pipelines the cache is to be used: what they '
        'all begin with and is deterministic is done here',
    )
    parser.add_argument(
        '--with',
        dest='mixins',
        nargs='+',
        default=[],
        metavar='MIXIN',
        help='mixins of --config; fast_transforms builds the same sooner',
    )
    steps.add_argument(
        '--normalize',
        nargs='+',
        action='append',
        default=[],
        metavar=('TRANSFORM', 'KEY=VALUE'),
        help='a deterministic transform to do here, and its arguments; '
        'several in their order',
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace an older cache'
    )
    parser.add_argument(
        '--verify',
        action='store_true',
        help='build nothing, but compare a cache with its checksums',
    )
    parser.add_argument(
        '--quiet', action='store_true', help='show no progress bar'
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Build or verify, and report.

    Args:
        argv (list[str], optional): The arguments. None means those of the
            process. Defaults to None.

    Returns:
        int: Exit code, 1 if there is no whole cache.
    """
    args = build_parser().parse_args(argv)
    import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)

    try:
        print(verify(args.source) if args.verify else build(args))
    except (KeyError, OSError, TypeError, ValueError) as error:
        text: object = error
        if isinstance(error, KeyError):
            # str() of a KeyError has quotes around it.
            text = error.args[0]
        elif isinstance(error, OSError) and error.strerror:
            place = f': {error.filename}' if error.filename else ''
            text = f'{error.strerror}{place}'
        print(f'build_cache: {text}', file=sys.stderr)
        return 1
    return 0


def build(args: argparse.Namespace) -> str:
    """Build the cache.

    Args:
        args (argparse.Namespace): What :func:`build_parser` gives.

    Returns:
        str: What it holds.
    """
    from rich.console import Console
    from rich.progress import track

    from shapmix_mm.datasets.cache.builder import build_cache
    from shapmix_mm.datasets.cache.normalisation import text

    def bar(samples: Iterable) -> Iterable:
        return track(
            samples,
            'caching',
            console=Console(stderr=True),
            disable=args.quiet,
        )

    out = args.out or args.source.with_suffix('.cache')
    file = build_cache(
        args.source,
        out,
        transforms=transforms_of(args),
        overwrite=args.overwrite,
        track=bar,
    )
    return (
        f'{out}: {len(file)} samples, {file.size / 1e6:.1f} MB, '
        f'{len(file.splits)} splits, done once: {text(file.normalisation)}'
    )


def transforms_of(args: argparse.Namespace) -> list[Any]:
    """Build the transforms that are to be done once.

    Args:
        args (argparse.Namespace): What :func:`build_parser` gives.

    Returns:
        list: They, in their order.

    Raises:
        OSError: If a config cannot be read.
        ValueError: If a config or a transform is none, or mixins are of none.
    """
    from shapmix_mm.config.data import shared_transforms, transform_from_words
    from shapmix_mm.config.mixins import load_config

    if args.mixins and not args.config:
        raise ValueError('--with goes with --config')
    if args.config:
        return shared_transforms(load_config(args.config, args.mixins))
    return [transform_from_words(words) for words in args.normalize]


def verify(path: Path) -> str:
    """Compare a cache with its checksums.

    Args:
        path (Path): The cache.

    Returns:
        str: That it is whole.

    Raises:
        ValueError: If it is damaged or the annotation file has changed.
    """
    from shapmix_mm.datasets.cache import CacheFile

    file = CacheFile(path)
    if not file.is_whole():
        raise ValueError(
            f'cache {path}: its arrays are damaged; rebuild it with '
            f'{file.rebuild_command()}'
        )
    return f'{path}: whole, {len(file)} samples'


if __name__ == '__main__':
    sys.exit(main())
