"""Turn the SBU Kinect Interaction files into one MMAction2 pickle."""

from __future__ import annotations

import sys

from prepare_arguments import small_set

EXAMPLES = """examples:
  %(prog)s sbu_kinect/ --out data/sbu/sbu.pkl

train it with
  python tools/train.py configs/ltsbu/ctrgcn_shapmix_ltsbu.py"""


def main(argv: list[str] | None = None) -> int:
    """Convert, write and report.

    Args:
        argv (list[str], optional): The arguments. Defaults to None.

    Returns:
        int: Exit code, 1 if nothing was written.
    """
    files = 'sAAsBB/ACTION/TAKE/skeleton_pos.txt'
    return small_set('sbu', __doc__, EXAMPLES, files, argv)


if __name__ == '__main__':
    sys.exit(main())
