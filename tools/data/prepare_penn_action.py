"""Turn the Penn Action labels into one MMAction2 pickle."""

from __future__ import annotations

import sys

from prepare_arguments import small_set

EXAMPLES = """examples:
  %(prog)s Penn_Action/labels/ --out data/penn_action/penn_action.pkl

train it with
  python tools/train.py configs/ltpennaction/ctrgcn_shapmix_ltpennaction.py"""


def main(argv: list[str] | None = None) -> int:
    """Convert, write and report.

    Args:
        argv (list[str], optional): The arguments. Defaults to None.

    Returns:
        int: Exit code, 1 if nothing was written.
    """
    files = 'NUMBER.mat'
    return small_set('penn_action', __doc__, EXAMPLES, files, argv)


if __name__ == '__main__':
    sys.exit(main())
