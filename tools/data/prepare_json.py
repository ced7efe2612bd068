"""Turn 2D poses in JSON (OpenPose, MMPose, Kinetics-skeleton) into a pickle.

Files of OpenPose and MMPose hold no label: --labels names a CSV with the
columns name, label and, if wanted, split. The name is that of a clip's file
without .json; of frames it is their prefix, or their folder where there is
none or several folders have the same. Nor do they hold the size of the
images, --img-shape; the coordinates of Kinetics-skeleton are shares of it.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from prepare_arguments import make_parser

EXAMPLES = """examples:
  %(prog)s kinetics_train/ --out data/kinetics_skeleton_train.pkl
  %(prog)s openpose_output/ --labels labels.csv --img-shape 1080 1920 \\
      --out data/mine.pkl
  %(prog)s mmpose_predictions.zip --labels labels.csv --img-shape 720 1280 \\
      --out data/mine.pkl"""


def main(argv: list[str] | None = None) -> int:
    """Convert, write and report.

    Args:
        argv (list[str], optional): The arguments. Defaults to None.

    Returns:
        int: Exit code, 1 if nothing was written.
    """
    parser = make_parser(__doc__, EXAMPLES)
    parser.add_argument(
        'source',
        metavar='SRC',
        type=Path,
        help='folder or archive (.zip, .tar.xz, .tar.gz) of .json files',
    )
    parser.add_argument(
        '--labels', metavar='CSV', type=Path, help='name,label[,split]'
    )
    parser.add_argument(
        '--img-shape',
        type=int,
        nargs=2,
        metavar=('HEIGHT', 'WIDTH'),
        help='size of the images in pixels, for OpenPose and MMPose',
    )
    args = parser.parse_args(argv)
    if args.img_shape and min(args.img_shape) < 1:
        parser.error('--img-shape: height and width are greater than 0')
    from shapmix_mm.datasets.prepare.command import prepare
    from shapmix_mm.datasets.prepare.json_clips import (
        convert_json,
        read_labels,
    )

    try:
        labels = None if args.labels is None else read_labels(args.labels)
    except (OSError, ValueError) as error:
        print(f'prepare_json: {error}', file=sys.stderr)
        return 1
    shape = tuple(args.img_shape) if args.img_shape else None
    convert = partial(convert_json, labels=labels, img_shape=shape)
    return prepare(
        'prepare_json', convert, args.source, args.out, quiet=args.quiet
    )


if __name__ == '__main__':
    sys.exit(main())
