"""Turn raw NTU RGB+D ``.skeleton`` files into MMAction2's pickle.

Reads folders and zip archives in place, in parallel. A run that was stopped
goes on where it was when it is started again. Every file that is left out
stands with the reason in FILE.skipped.csv beside the pickle.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from prepare_arguments import add_resuming, ending, make_parser

EXAMPLES = """examples:
  NTU RGB+D 60 from the archive as it is downloaded
    %(prog)s nturgbd_skeletons_s001_to_s017.zip --nturgbd 60 \\
        --missing-list NTU_RGBD_samples_with_missing_skeletons.txt \\
        --out data/skeleton/ntu60_3d.pkl
  NTU RGB+D 120 from both archives
    %(prog)s nturgbd_skeletons_s001_to_s017.zip \\
        nturgbd_skeletons_s018_to_s032.zip --nturgbd 120 \\
        --missing-list NTU_RGBD120_samples_with_missing_skeletons.txt \\
        --out data/skeleton/ntu120_3d.pkl

see docs/data.md for where the archives and the lists come from"""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add(
        'source',
        metavar='SRC',
        nargs='+',
        type=Path,
        help='folders or .zip archives of .skeleton files, nested or not',
    )
    add('--nturgbd', type=int, choices=(60, 120), required=True, help='set')
    add(
        '--missing-list',
        metavar='LIST',
        type=Path,
        help='text with the names of samples that lack their skeletons',
    )
    add(
        '--bodies',
        choices=('tracked', 'slots'),
        default='tracked',
        help='persons by identity and without noise (default), or by their '
        "place in the frame, as MMAction2's gen_ntu_rgbd_raw.py",
    )
    add(
        '--dtype',
        choices=('float16', 'float32'),
        default='float16',
        help="of the coordinates (default: float16, as MMAction2's files)",
    )
    add_resuming(parser, 'files')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Convert, write and report; 0 when the pickle was written."""
    return ending('prepare_ntu', prepare, parse_args(argv))


def prepare(args: argparse.Namespace) -> None:
    """Do what the command line asks for.

    Args:
        args (argparse.Namespace): What :func:`parse_args` gives.

    Raises:
        FileNotFoundError: If a source or list is not there.
        OSError: If the disk takes no more.
        ValueError: If a source cannot be read or holds no usable file, or
            the pickle could not be written.
    """
    from shapmix_mm.datasets.prepare import ntu
    from shapmix_mm.datasets.prepare.annotation_file import check_target
    from shapmix_mm.datasets.prepare.command import prepare_in_steps

    check_target(args.out)
    files = [file for src in args.source for file in ntu_files(src)]
    missing: set[str] = set()
    if args.missing_list:
        missing = ntu.read_missing_list(args.missing_list)
    chosen, skipped = ntu.select_files(files, args.nturgbd, missing)
    split = prepare_in_steps(
        chosen,
        ntu.NTUConverter(bodies=args.bodies, dtype=args.dtype),
        lambda names: ntu.split_names(names, args.nturgbd),
        args,
        skipped=skipped,
        total=len(files),
    )
    count = sum(len(split[f'xsub_{part}']) for part in ('train', 'val'))
    print(f'wrote {args.out}: {count:,} samples')
    print(counts_text(split, ntu.PUBLISHED_COUNTS[args.nturgbd]))


def ntu_files(source: Path) -> list[Any]:
    """List the files of one source, and refuse one that has none."""
    from shapmix_mm.datasets.prepare.archives import list_source

    files = list_source(source)
    if not files:
        raise ValueError(f'{source} holds no file')
    return files


def counts_text(split: dict[str, list[str]], published: dict) -> str:
    """Set the splits beside the published ones.

    Args:
        split (dict[str, list[str]]): Names of each split.
        published (dict[str, int]): Samples that each should have.

    Returns:
        str: One line per split, and what to do about a surplus.
    """
    lines = [
        f'  {name:12s}{len(names):7,d} of {published[name]:,} published'
        for name, names in split.items()
    ]
    if any(len(names) > published[name] for name, names in split.items()):
        lines.append(
            '  more than published: without --missing-list, samples whose '
            'skeletons are incomplete stay in'
        )
    return '\n'.join(lines)


if __name__ == '__main__':
    sys.exit(main())
