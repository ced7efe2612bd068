"""Turn the Northwestern-UCLA JSON files into one MMAction2 pickle."""

from __future__ import annotations

import sys
from functools import partial

from prepare_arguments import small_set

EXAMPLES = """examples:
  %(prog)s nw_ucla_all_sqe.tar.xz --out data/nw_ucla/nw_ucla.pkl
  %(prog)s downloads/all_sqe/ --out data/nw_ucla/nw_ucla.pkl

train it with
  python tools/train.py configs/ctrgcn_shapmix_ltnwucla.py"""

main = partial(small_set, 'nw_ucla', __doc__, EXAMPLES, 'aAA_sSS_eEE_vVV.json')


if __name__ == '__main__':
    sys.exit(main())
