"""Turn the Northwestern-UCLA JSON files into one MMAction2 pickle."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

MAX_NAMES = 5
EXAMPLES = """examples:
  %(prog)s nw_ucla_all_sqe.tar.xz --out data/nw_ucla/nw_ucla.pkl
  %(prog)s downloads/all_sqe/ --out data/nw_ucla/nw_ucla.pkl

train it with
  python tools/train.py configs/ctrgcn_shapmix_ltnwucla.py"""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv (list[str], optional): The arguments. None means those of the
            process. Defaults to None.

    Returns:
        argparse.Namespace: ``source``, ``out`` and ``quiet``.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'source',
        metavar='SRC',
        type=Path,
        help='folder or archive (.zip, .tar.xz, .tar.gz) of files '
        'aAA_sSS_eEE_vVV.json; an archive is read in place',
    )
    parser.add_argument(
        '--out',
        metavar='FILE',
        type=Path,
        required=True,
        help='pickle to write; an old one stays until the new one is whole',
    )
    parser.add_argument(
        '--quiet', action='store_true', help='show no progress bar'
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Convert, write and report.

    Args:
        argv (list[str], optional): The arguments. Defaults to None.

    Returns:
        int: Exit code, 1 if nothing was written.
    """
    args = parse_args(argv)
    from tqdm import tqdm

    from shapmix_mm.datasets.json_members import MemberReader
    from shapmix_mm.datasets.nw_ucla import convert_nw_ucla, write_annotations

    try:
        reader = MemberReader(args.source)
        try:
            data, skipped = convert_nw_ucla(
                tqdm(reader, unit='file', disable=args.quiet)
            )
        finally:
            reader.close()
        print(report_skipped(skipped))
        if not data['annotations']:
            raise ValueError(
                f'{args.source}: nothing usable among its '
                f'{len(skipped)} files, {args.out} is not '
                'written'
            )
        write_annotations(data, args.out)
    except (OSError, ValueError) as err:
        print(f'prepare_nw_ucla: {err}', file=sys.stderr)
        return 1
    print(report_kept(data, args.out))
    return 0


def report_skipped(skipped: list[tuple[str, str]]) -> str:
    """List what was skipped, by reason.

    Args:
        skipped (list[tuple[str, str]]): File names and reasons.

    Returns:
        str: The first few names of each reason.
    """
    if not skipped:
        return 'skipped nothing'
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, reason in skipped:
        by_reason[reason].append(name)
    lines = [f'skipped {len(skipped)} files:']
    for reason, names in by_reason.items():
        # ascii() keeps control characters of hostile names off the terminal.
        listed = ', '.join(ascii(name) for name in names[:MAX_NAMES])
        more = len(names) - MAX_NAMES
        tail = f' and {more} more' if more > 0 else ''
        lines.append(f'  {len(names):5d} {_plain(reason)}: {listed}{tail}')
    return '\n'.join(lines)


def report_kept(data: dict, out: Path) -> str:
    """Sum up what was written, and warn of what is missing.

    Args:
        data (dict): The annotation file.
        out (Path): Where it was written.

    Returns:
        str: Samples in all, of each split and of each class.
    """
    annotations, classes = data['annotations'], data['classes']
    split = ', '.join(f'{len(v)} {k}' for k, v in data['split'].items())
    lines = [f'wrote {out}: {len(annotations)} sequences ({split})']
    train = set(data['split']['train'])
    for label, name in enumerate(classes):
        names = [a['frame_dir'] for a in annotations if a['label'] == label]
        inside = len(train.intersection(names))
        lines.append(
            f'  {label} {name:24s}{inside:5d} train'
            f'{len(names) - inside:5d} test'
        )
        if not inside:
            lines[-1] += '  <- no sample to train on'
    return '\n'.join(lines)


def _plain(text: str) -> str:
    return text.encode('unicode_escape').decode()


if __name__ == '__main__':
    sys.exit(main())
