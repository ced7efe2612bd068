"""Make the embedded demo set: synthetic skeleton motion, long-tailed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from shapmix_mm.arguments import NonNegativeInt, PositiveInt, option
from shapmix_mm.datasets.demo import (
    ACTIONS,
    DemoSettings,
    is_current,
    make_demo,
    manifest_path,
    write_demo,
)
from shapmix_mm.datasets.longtail import Imbalance
from shapmix_mm.serialization import check_writable


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    default = DemoSettings()
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        '--out', default='data/demo/demo.pkl', help='pickle to write'
    )
    parser.add_argument(
        '--seed',
        type=option(NonNegativeInt),
        default=default.seed,
        help='seed',
    )
    parser.add_argument(
        '--n-max',
        type=option(PositiveInt),
        default=default.n_max,
        help='training samples of the largest class',
    )
    parser.add_argument(
        '--imbalance',
        type=option(Imbalance),
        default=default.imbalance,
        help='largest over smallest class',
    )
    parser.add_argument(
        '--test-per-class',
        type=option(PositiveInt),
        default=default.test_per_class,
        help='test samples of each class',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace a file that was made otherwise',
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Make the demo set unless it is there already.

    Args:
        argv (list[str], optional): Arguments. Defaults to None, those of the
            process.

    Returns:
        int: Exit status, 2 where the arguments or the file are refused.
    """
    args = parse_args(argv)
    try:
        settings = DemoSettings(
            seed=args.seed,
            n_max=args.n_max,
            imbalance=args.imbalance,
            test_per_class=args.test_per_class,
        )
    except ValueError as error:
        print(f'make_demo.py: error: {error}', file=sys.stderr)
        return 2
    current = is_current(args.out, settings)
    if Path(args.out).exists() and not current and not args.overwrite:
        print(
            f'make_demo.py: error: {args.out} exists and is not the demo set '
            'of these settings; give another --out, or --overwrite to '
            'replace it',
            file=sys.stderr,
        )
        return 2
    if current:
        print(f'{args.out} is up to date')
        return 0
    try:
        check_writable(args.out)
        demo = make_demo(settings, progress=True)
        report(write_demo(args.out, demo), demo, settings)
    except (OSError, ValueError) as error:
        print(f'make_demo.py: error: {error}', file=sys.stderr)
        return 2
    return 0


def report(path: Path, demo: dict[str, Any], settings: DemoSettings) -> None:
    """Print what was written."""
    size = path.stat().st_size / 1e6
    counts = settings.train_counts()
    print(
        f'{path}: {len(demo["annotations"])} clips, {size:.1f} MB '
        f'(manifest {manifest_path(path).name})'
    )
    for action, count in zip(ACTIONS, counts):
        print(
            f'  {action.name:<22} train {count:>4}  test '
            f'{settings.test_per_class:>3}  '
            f'{", ".join(action.salient_parts)}'
        )


if __name__ == '__main__':
    sys.exit(main())
