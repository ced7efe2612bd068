"""Turn the UTD-MHAD skeleton files into one MMAction2 pickle."""

from __future__ import annotations

import sys
from functools import partial

from prepare_arguments import small_set

EXAMPLES = """examples:
  %(prog)s Skeleton.zip --out data/utd_mhad/utd_mhad.pkl

train it with
  python tools/train.py configs/ltutdmhad/ctrgcn_shapmix_ltutdmhad.py"""

main = partial(
    small_set, 'utd_mhad', __doc__, EXAMPLES, 'aA_sS_tT_skeleton.mat'
)


if __name__ == '__main__':
    sys.exit(main())
