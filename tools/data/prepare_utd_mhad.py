"""Turn the UTD-MHAD skeleton files into one MMAction2 pickle."""

from __future__ import annotations

import sys

from prepare_arguments import small_set

EXAMPLES = """examples:
  %(prog)s Skeleton.zip --out data/utd_mhad/utd_mhad.pkl

train it with
  python tools/train.py configs/ltutdmhad/ctrgcn_shapmix_ltutdmhad.py"""


def main(argv: list[str] | None = None) -> int:
    """Convert, write and report.

    Args:
        argv (list[str], optional): The arguments. Defaults to None.

    Returns:
        int: Exit code, 1 if nothing was written.
    """
    files = 'aA_sS_tT_skeleton.mat'
    return small_set('utd_mhad', __doc__, EXAMPLES, files, argv)


if __name__ == '__main__':
    sys.exit(main())
