"""Fuse dumped test results of several streams, sample by sample."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

# Written down here so that --help need not import the package.
PRESET_NAMES = (
    *('2s', '4s', '6s'),
    *('hdgcn', 'infogcn', 'shiftgcn', 'streamgcn'),
)
EXAMPLES = """examples:
  joint, bone, joint motion and bone motion, 2:2:1:1
    %(prog)s j.pkl b.pkl jm.pkl bm.pkl --preset 4s
  groups too, from the config that was tested
    %(prog)s j.pkl b.pkl --preset 2s --class-counts CONFIG
  weights searched on samples that are then left out of the figures
    %(prog)s j.pkl b.pkl --search --held-out names.txt
  or on dumps of another part, in the order of the results
    %(prog)s j.pkl b.pkl --search --held-out j_held.pkl b_held.pkl

The results are files of tools/test.py CONFIG CHECKPOINT --dump FILE.pkl.
Nothing in them is run. Samples are matched by name; files of other samples,
labels or classes are refused."""


def main(argv: list[str] | None = None) -> int:
    """Run the tool; 0 when the table was printed, 2 on bad input."""
    parser = build_parser()
    args = parser.parse_args(argv)
    if args.search != bool(args.held_out):
        parser.error('--search and --held-out go together')
    try:
        fuse_scores(args)
    except Exception as error:
        if not is_expected(error):
            raise
        message = error.args[0] if isinstance(error, KeyError) else error
        print(f'error: {message}', file=sys.stderr)
        return 2
    return 0


def is_expected(error: Exception) -> bool:
    """Whether an error is told in one line."""
    from shapmix_mm.runs.run import RunError

    kinds = (ValueError, TypeError, KeyError, OSError, RunError)
    return isinstance(error, kinds)


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
    add = parser.add_argument
    add('results', nargs='+', metavar='RESULT', help='dumped results')
    _add_weights(parser)
    add(
        '--scores',
        default='dumped',
        choices=('dumped', 'softmax', 'log', 'l2'),
        help='what is summed: scores as they were dumped, which of '
        "MMAction2's heads are probabilities (default); their softmax, if "
        'raw scores were dumped; or logarithms of probabilities, which rank '
        'as the raw scores that CTR-GCN sums; or raw scores, each sample '
        'divided by their length, as HD-GCN sums',
    )
    add(
        '--by-order',
        action='store_true',
        help='match samples by position, for files without names',
    )
    add(
        '--class-counts',
        metavar='SOURCE',
        help='training samples per class for many, medium and few: the '
        "config, LongTailMetric's per_class.csv, or the manifest .json of a "
        'long-tailed list',
    )
    add('--many', type=float, help="many-shot above; the source's, or 100")
    add('--few', type=float, help="few-shot below; the source's, or 20")
    add('--out', nargs='+', default=[], metavar='FILE', help='.csv, .json')
    return parser


def _add_weights(parser: argparse.ArgumentParser) -> None:
    """Add the ways to weigh the streams."""
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument(
        '--weights', nargs='+', type=float, help='one each (default: equal)'
    )
    ways.add_argument(
        '--preset',
        choices=PRESET_NAMES,
        help='2s: 1 1, joint and bone; 4s: 2 2 1 1, joint, bone and their '
        'motions, in this order; 6s: 2 2 2 1 1 1, joint, bone, skip and their '
        'motions; or what the authors of a recognizer sum '
        '(docs/recognizers.md)',
    )
    ways.add_argument(
        '--search', action='store_true', help='search them on --held-out'
    )
    add = parser.add_argument
    add(
        '--held-out',
        nargs='+',
        metavar='FILE',
        help='samples to search on: a list of names among the results, or a '
        'dumped result for each stream',
    )
    add(
        '--search-by',
        default='mean_class',
        choices=('mean_class', 'overall'),
        help='accuracy that the search maximises (default: mean_class)',
    )
    add(
        '--steps',
        type=_positive,
        default=10,
        help='grid of 1/STEPS (default: 10)',
    )


def _positive(text: str) -> int:
    """Read a positive integer from the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f'expected a positive integer, got {text}'
        )
    return int(text)


def fuse_scores(args: argparse.Namespace) -> None:
    """Read, match, weigh, fuse, print and write.

    Args:
        args (argparse.Namespace): What :func:`build_parser` gives.

    Raises:
        ValueError: If the files do not belong together.
    """
    # The package brings torch and MMAction2 along, which takes seconds.
    from shapmix_mm.runs.fusion import fusion_rows, fusion_table, write_fusion

    streams = _read(args.results, args)
    counts = _counts(args)
    streams, weights, way = _weigh(streams, args)
    rows = fusion_rows(streams, _titles(args.results), weights, counts)
    print(fusion_table(rows))
    print(
        f'{len(streams.labels)} samples; weights {way}; scores {args.scores}'
    )
    if counts is None:
        print('no groups: --class-counts tells the training samples per class')
    else:
        print(f'groups: {counts.groups}')
    for path in args.out:
        write_fusion(
            path,
            rows,
            samples=len(streams.labels),
            weights=way,
            scores=args.scores,
            groups=None if counts is None else counts.groups,
            files=[Path(result).name for result in args.results],
        )
        print(f'written {path}')


def _read(paths: list[str], args: argparse.Namespace) -> Any:
    """Read dumped results, with a bar, and match their samples."""
    from rich.progress import track

    from shapmix_mm.runs.fusion import align, read_results

    if len({Path(path).resolve() for path in paths}) < len(paths):
        raise ValueError(f'a file is named twice: {" ".join(paths)}')
    results = [
        read_results(path) for path in track(paths, 'read', transient=True)
    ]
    return align(results, scores=args.scores, by_order=args.by_order)


def _counts(args: argparse.Namespace) -> Any:
    """Training counts and thresholds, if the groups are asked for."""
    from shapmix_mm.runs.classes import read_training_counts

    if args.class_counts is None:
        if args.many is not None or args.few is not None:
            raise ValueError('--many and --few go with --class-counts')
        return None
    counts = read_training_counts(args.class_counts)
    return counts.with_thresholds(args.many, args.few)


def _weigh(streams: Any, args: argparse.Namespace) -> tuple[Any, Any, str]:
    """The reported samples, the weights, and where they are from."""
    from shapmix_mm.runs.fusion import PRESETS, check_weights

    if args.search:
        return _search(streams, args)
    if args.preset:
        return streams, PRESETS[args.preset], f'of preset {args.preset}'
    equal = [1.0] * len(streams.scores)
    weights = check_weights(args.weights or equal, len(streams.scores))
    return streams, weights, 'given' if args.weights else 'equal'


def _search(streams: Any, args: argparse.Namespace) -> tuple[Any, Any, str]:
    """Search the weights on samples that are not reported."""
    from shapmix_mm.runs.fusion import (
        check_disjoint,
        named_part,
        search_weights,
    )

    if streams.names is None:
        raise ValueError(
            '--search needs names, to keep held-out samples out of the '
            'figures; it does not go with --by-order'
        )
    if args.held_out[0].endswith(('.pkl', '.pickle')):
        held_out = _read(args.held_out, args)
    else:
        held_out, streams = named_part(streams, args.held_out)
    check_disjoint(held_out, streams)
    weights, best = search_weights(
        held_out, by=args.search_by, steps=args.steps
    )
    way = (
        f'searched on {len(held_out.labels)} held-out samples by '
        f'{args.search_by} ({100 * best:.2f})'
    )
    return streams, weights, way


def _titles(paths: list[str]) -> list[str]:
    """Names of the files, with their folders where needed."""
    stems = [Path(path).stem for path in paths]
    return stems if len(set(stems)) == len(stems) else list(paths)


if __name__ == '__main__':
    sys.exit(main())
