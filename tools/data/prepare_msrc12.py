"""Turn the MSRC-12 Kinect gesture recordings into one MMAction2 pickle."""

from __future__ import annotations

import sys

from prepare_arguments import small_set

EXAMPLES = """examples:
  %(prog)s MicrosoftGestureDataset-RSA1.0.zip --out data/msrc12/msrc12.pkl

train it with
  python tools/train.py configs/ltmsrc12/ctrgcn_shapmix_ltmsrc12.py"""


def main(argv: list[str] | None = None) -> int:
    """Convert, write and report.

    Args:
        argv (list[str], optional): The arguments. Defaults to None.

    Returns:
        int: Exit code, 1 if nothing was written.
    """
    files = 'Pa_b_GESTURE_pPERSON.csv and .tagstream'
    return small_set('msrc12', __doc__, EXAMPLES, files, argv)


if __name__ == '__main__':
    sys.exit(main())
