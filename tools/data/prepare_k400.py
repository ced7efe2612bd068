"""Turn Kinetics-400's ``k400_2d.pkl`` and kpfiles into one annotation file.

Checks that every video has its poses and reads them in parallel. A run that
was stopped goes on where it was when it is started again. Every video that
is left out stands with the reason in FILE.skipped.csv.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from prepare_arguments import add_resuming, ending, make_parser

EXAMPLES = """examples:
  poses of the two surest persons, in one file that needs no kpfiles
    %(prog)s k400_2d.pkl --kpfiles data/skeleton/kpfiles \\
        --out data/skeleton/k400_2persons.pkl
  the same entries less those that cannot be used, for configs that read the
  kpfiles with DecompressPose
    %(prog)s k400_2d.pkl --kpfiles data/skeleton/kpfiles --form table \\
        --out data/skeleton/k400_2d_checked.pkl

see docs/data.md for where the files come from and how large they get"""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add('ann_file', metavar='K400', type=Path, help='k400_2d.pkl')
    add(
        '--kpfiles',
        metavar='DIR',
        type=Path,
        required=True,
        help='folder of the kpfiles, one per video or shared by many',
    )
    add(
        '--form',
        choices=('poses', 'table'),
        default='poses',
        help='poses in the file (default), or a checked table of contents',
    )
    add('--box-thr', type=float, default=0.5, help='default: 0.5')
    add(
        '--valid-ratio',
        type=float,
        default=0.0,
        help='share of frames that need a pose (default: 0, one frame)',
    )
    add('--max-frames', type=int, help='evenly spaced (default: all)')
    add_resuming(parser, 'videos')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Convert, write and report; 0 when the pickle was written."""
    return ending('prepare_k400', prepare, parse_args(argv))


def prepare(args: argparse.Namespace) -> None:
    """Do what the command line asks for.

    Args:
        args (argparse.Namespace): What :func:`parse_args` gives.

    Raises:
        FileNotFoundError: If the pickle or the folder is not there.
        OSError: If the disk takes no more.
        ValueError: If no video can be used, or the pickle could not be
            written.
    """
    from shapmix_mm.datasets.pose_file import read_pose_file
    from shapmix_mm.datasets.prepare.annotation_file import check_target
    from shapmix_mm.datasets.prepare.command import prepare_in_steps
    from shapmix_mm.datasets.prepare.kinetics import PoseConverter

    if not args.kpfiles.is_dir():
        raise FileNotFoundError(f'{args.kpfiles}: no such folder')
    check_target(args.out, args.ann_file)
    converter = PoseConverter(
        str(args.kpfiles),
        box_thr=args.box_thr,
        valid_ratio=args.valid_ratio,
        form=args.form,
        max_frames=args.max_frames,
    )
    table = read_pose_file(str(args.ann_file))
    entries = by_kpfile(table.annotations)
    split = prepare_in_steps(
        entries,
        converter,
        lambda names: kept_splits(table.splits, names),
        args,
        skipped=[],
        total=len(entries),
    )
    print(f'wrote {args.out}')
    for name, names in split.items():
        print(f'  {name:8s}{len(names):8,d} of {len(table.splits[name]):,}')


def by_kpfile(annotations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put videos that share a kpfile side by side: it is read once."""
    from shapmix_mm.datasets.pose_file import sample_name

    entries = [{**a, 'frame_dir': str(sample_name(a))} for a in annotations]
    return sorted(
        entries, key=lambda e: (str(e.get('raw_file', '')), e['frame_dir'])
    )


def kept_splits(
    splits: dict[str, Any], names: list[str]
) -> dict[str, list[str]]:
    """Splits with the videos that are there, in their own order."""
    present = set(names)
    return {
        name: [video for video in videos if video in present]
        for name, videos in splits.items()
    }


if __name__ == '__main__':
    sys.exit(main())
