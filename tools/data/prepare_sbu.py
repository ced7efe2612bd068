"""Turn the SBU Kinect Interaction files into one MMAction2 pickle."""

from __future__ import annotations

import sys
from functools import partial

from prepare_arguments import small_set

EXAMPLES = """examples:
  %(prog)s sbu_kinect/ --out data/sbu/sbu.pkl

train it with
  python tools/train.py configs/ltsbu/ctrgcn_shapmix_ltsbu.py"""

main = partial(
    small_set, 'sbu', __doc__, EXAMPLES, 'sAAsBB/ACTION/TAKE/skeleton_pos.txt'
)


if __name__ == '__main__':
    sys.exit(main())
