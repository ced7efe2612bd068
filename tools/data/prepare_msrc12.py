"""Turn the MSRC-12 Kinect gesture recordings into one MMAction2 pickle."""

from __future__ import annotations

import sys
from functools import partial

from prepare_arguments import small_set

EXAMPLES = """examples:
  %(prog)s MicrosoftGestureDataset-RSA1.0.zip --out data/msrc12/msrc12.pkl

train it with
  python tools/train.py configs/ltmsrc12/ctrgcn_shapmix_ltmsrc12.py"""

main = partial(
    small_set,
    'msrc12',
    __doc__,
    EXAMPLES,
    'Pa_b_GESTURE_pPERSON.csv and .tagstream',
)


if __name__ == '__main__':
    sys.exit(main())
