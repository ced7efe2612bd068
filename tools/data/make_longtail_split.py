"""Draw a long-tailed training list, with its manifest and its plot."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

# Written down here so that --help need not import the package.
BENCHMARK_NAMES = ('ntu60_xsub', 'ntu60_xview', 'ntu120_xsub', 'ntu120_xset')
EXAMPLES = """examples:
  the published LT-NTU-120 list (15,600 names) from a list of all samples
    %(prog)s --names all_names.txt --benchmark ntu120_xsub --imbalance 100 \\
        --out ltntu120_xsub_if100.txt
  from an annotation file of your own, largest class first
    %(prog)s --ann-file mine.pkl --split train --order descending \\
        --imbalance 20 --thresholds 20 50 --out mine_if20.txt
  manifest and plot of a list that somebody else drew
    %(prog)s --ann-file ntu60_3d.pkl --benchmark ntu60_xsub \\
        --profile list --list theirs.txt --out ltntu60_xsub_if100.txt

use the list with LongTailedPoseDataset(longtail=dict(profile='list',
file='ltntu120_xsub_if100.txt'))"""


def main(argv: list[str] | None = None) -> int:
    """Run the tool; 0 when all was written, 2 on bad input."""
    parser = build_parser()
    args = parser.parse_args(argv)
    if args.split and args.names:
        parser.error('--split goes with --ann-file')
    try:
        make_split(args)
    except (ValueError, TypeError, KeyError, OSError) as error:
        message = error.args[0] if isinstance(error, KeyError) else error
        print(f'error: {message}', file=sys.stderr)
        return 2
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line.

    Returns:
        argparse.ArgumentParser: The parser.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_files(parser)
    _add_profile(parser.add_argument_group('profile'))
    return parser


def _add_files(parser: argparse.ArgumentParser) -> None:
    """Add what is read and written."""
    add = parser.add_argument
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        '--names',
        metavar='FILE',
        help='every sample, one per line (.xz and .gz too): NTU names, or '
        'name and label',
    )
    source.add_argument(
        '--ann-file', metavar='FILE', help="MMAction2's annotation pickle"
    )
    add(
        '--split',
        help='training split of --ann-file (default: the one with train in '
        'its name)',
    )
    add(
        '--benchmark',
        default='none',
        choices=(*BENCHMARK_NAMES, 'none'),
        help='whose rule picks the training part; sets n_max too',
    )
    add('--num-classes', type=int, help='default: as the source has')
    add('--out', required=True, metavar='FILE', help='list to write')
    add('--overwrite', action='store_true', help='replace what is there')
    add(
        '--thresholds',
        type=int,
        nargs=2,
        default=(20, 100),
        metavar=('FEW', 'MANY'),
        help='few-shot below, many-shot above (default: 20 100)',
    )


def _add_profile(group: Any) -> None:
    """Add what shapes the tail."""
    add = group.add_argument
    add(
        '--profile',
        default='exp',
        choices=('exp', 'step', 'counts', 'list'),
        help='shape of the tail (default: exp)',
    )
    add('--imbalance', type=float, default=100, help='IF (default: 100)')
    add('--n-max', type=int, help='samples of the largest class')
    add('--counts', type=_numbers, help='for profile counts: 98,50,7')
    add('--list', metavar='FILE', help='for profile list: names that stay')
    add(
        '--order',
        type=_order,
        default='native',
        help='largest class first: native, descending or 2,0,1',
    )
    add(
        '--sort-names',
        choices=('performer', 'camera', 'name'),
        help="order before the draw (default: the benchmark's, else name)",
    )
    add('--seed', type=int, default=0, help='seed of the draw (default: 0)')


def make_split(args: argparse.Namespace) -> None:
    """Draw the list and write list, manifest and plot.

    Args:
        args (argparse.Namespace): What :func:`build_parser` gives.

    Raises:
        FileExistsError: If an output is there and may not be replaced.
        ValueError: If the input does not give a list.
    """
    out = Path(args.out)
    targets = [Path(f'{out}{suffix}') for suffix in ('', '.json', '.png')]
    for target in targets:
        if target.exists() and not args.overwrite:
            raise FileExistsError(
                f'{target} is there already; --overwrite replaces it'
            )
    # The package brings torch and MMAction2 along, which takes seconds.
    from shapmix_mm.datasets import BENCHMARKS, manifest_table, select_names

    benchmark = BENCHMARKS.get(args.benchmark)
    spec = _spec(args, benchmark)
    source = _source(args, benchmark)
    selection = select_names(
        source.names,
        source.labels,
        spec=spec,
        num_classes=source.num_classes,
        classes=source.classes,
        outside=source.outside,
    )
    manifest = _describe(args, spec, selection, source.split)
    _write_all(targets, selection, manifest, source.classes)
    print(manifest_table(manifest, len(source.names)))
    print('written       ' + ', '.join(str(target) for target in targets))


def _spec(args: argparse.Namespace, benchmark: Any) -> Any:
    """What is wanted, as far as it is not the benchmark's to say."""
    from shapmix_mm.datasets import LongTailSpec

    n_max, names = args.n_max, args.sort_names
    if benchmark is not None:
        n_max = benchmark.n_max if n_max is None else n_max
        names = names or benchmark.names
    return LongTailSpec(
        profile=args.profile,
        imbalance=args.imbalance,
        n_max=n_max if args.profile in ('exp', 'step') else None,
        order=args.order,
        seed=args.seed,
        names=names or 'name',
        counts=args.counts,
        file=args.list,
    )


def _source(args: argparse.Namespace, benchmark: Any) -> Any:
    """Read the samples of the training part."""
    from shapmix_mm.datasets import source_from_annotations, source_from_names

    if args.names:
        return source_from_names(args.names, benchmark, args.num_classes)
    return source_from_annotations(
        args.ann_file, args.split, benchmark, args.num_classes
    )


def _describe(
    args: argparse.Namespace, spec: Any, selection: Any, split: str | None
) -> dict:
    """Put down all that it takes to draw the list again."""
    from shapmix_mm.datasets import split_manifest
    from shapmix_mm.evaluation import class_groups
    from shapmix_mm.version import __version__

    few, many = args.thresholds
    groups = class_groups(selection.counts, many=many, few=few)
    return split_manifest(
        spec,
        selection,
        args.names or args.ann_file,
        groups=groups.tolist(),
        thresholds=dict(few=few, many=many),
        benchmark=args.benchmark,
        split=split,
        version=__version__,
    )


def _write_all(
    targets: list[Path],
    selection: Any,
    manifest: dict,
    classes: list[str] | None,
) -> None:
    """Write list, manifest and plot, each whole or not at all."""
    from shapmix_mm.visualization import plot_class_counts

    folder = targets[0].parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix='.split-') as stage:
        staged = [Path(stage) / target.name for target in targets]
        lines = ''.join(f'{name}\n' for name in selection.names)
        staged[0].write_text(lines, encoding='utf-8')
        staged[1].write_text(json.dumps(manifest, indent=2) + '\n')
        plot_class_counts(
            selection.counts,
            str(staged[2]),
            thresholds=tuple(manifest['thresholds'].values()),
            classes=classes,
            title=targets[0].name,
        )
        # The list comes last: where it is, the other two are as well.
        for temporary, target in reversed(list(zip(staged, targets))):
            os.replace(temporary, target)


def _numbers(text: str) -> list[int]:
    """Parse 98,50,7."""
    return [int(number) for number in text.split(',')]


def _order(text: str) -> str | list[int]:
    """Parse native, descending or 2,0,1."""
    return _numbers(text) if text[:1].isdigit() else text


if __name__ == '__main__':
    sys.exit(main())
