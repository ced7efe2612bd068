"""Turn the SBU Kinect Interaction files into one MMAction2 pickle."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

EXAMPLES = """examples:
  %(prog)s sbu_kinect/ --out data/sbu/sbu.pkl

train it with
  python tools/train.py configs/ctrgcn_shapmix_ltsbu.py"""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv (list[str], optional): The arguments. None means those of the
            process. Defaults to None.

    Returns:
        argparse.Namespace: ``source``, ``out`` and ``quiet``.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'source',
        metavar='SRC',
        type=Path,
        help='folder or archive (.zip, .tar.xz, .tar.gz) of files '
        'sAAsBB/ACTION/TAKE/skeleton_pos.txt; an archive is read in place',
    )
    parser.add_argument(
        '--out',
        metavar='FILE',
        type=Path,
        required=True,
        help='pickle to write; an old one stays until the new one is whole',
    )
    parser.add_argument(
        '--quiet', action='store_true', help='show no progress bar'
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Convert, write and report.

    Args:
        argv (list[str], optional): The arguments. Defaults to None.

    Returns:
        int: Exit code, 1 if nothing was written.
    """
    args = parse_args(argv)
    from shapmix_mm.datasets.prepare.command import prepare
    from shapmix_mm.datasets.prepare.sbu import convert_sbu

    return prepare(
        'prepare_sbu', convert_sbu, args.source, args.out, quiet=args.quiet
    )


if __name__ == '__main__':
    sys.exit(main())
