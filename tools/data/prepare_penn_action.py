"""Turn the Penn Action labels into one MMAction2 pickle."""

from __future__ import annotations

import sys
from functools import partial

from prepare_arguments import small_set

EXAMPLES = """examples:
  %(prog)s Penn_Action/labels/ --out data/penn_action/penn_action.pkl

train it with
  python tools/train.py configs/ltpennaction/ctrgcn_shapmix_ltpennaction.py"""

main = partial(small_set, 'penn_action', __doc__, EXAMPLES, 'NUMBER.mat')


if __name__ == '__main__':
    sys.exit(main())
