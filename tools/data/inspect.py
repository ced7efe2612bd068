"""Show what an annotation file holds: pickle, .npz of CTR-GCN or cache.

Prints splits, classes, lengths, shapes, the long-tail profile and whatever
is odd, and draws a sheet of it.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

MAX_NAMES = 3
EXAMPLES = """examples:
  %(prog)s data/skeleton/ntu60_3d.pkl
  %(prog)s NTU60_CS.npz --plot ntu60_cs.png
  %(prog)s data/nw_ucla/nw_ucla.pkl --thresholds 20 50 --no-plot"""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('ann_file', metavar='FILE', help='annotation file, or folder of one')
    add(
        '--plot',
        metavar='PNG',
        help='where the sheet goes (default: FILE.inspect.png, if it can be '
        'written)',
    )
    add('--no-plot', action='store_true', help='print only')
    add(
        '--thresholds',
        type=float,
        nargs=2,
        default=(20, 100),
        metavar=('FEW', 'MANY'),
        help='few-shot below, many-shot above (default: 20 100)',
    )
    add(
        '--layout',
        metavar='LAYOUT',
        help='name of a layout, or config file that has one: which axis is '
        'up, where people face, how tall they are, and the line that aligns '
        'them',
    )
    add('--per-class', action='store_true', help='print every class')
    add('--quiet', action='store_true', help='show no progress bar')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Print and draw; 0 when the file could be read."""
    args = parse_args(argv)
    try:
        show(args)
    except (ValueError, TypeError, KeyError, OSError) as error:
        message = error.args[0] if isinstance(error, KeyError) else error
        print(f'inspect: {message}', file=sys.stderr)
        return 1
    return 0


def show(args: argparse.Namespace) -> None:
    """Print tables about the file and draw its sheet.

    Args:
        args (argparse.Namespace): What :func:`parse_args` gives.

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If the sheet cannot be written where --plot says.
        TypeError: If the file holds something of another kind.
        ValueError: If it is no annotation file.
    """
    from rich.console import Console
    from rich.progress import track

    from shapmix_mm.datasets.inspection import summarize
    from shapmix_mm.datasets.pose_file import read_pose_file
    from shapmix_mm.evaluation.functional import check_thresholds

    few, many = args.thresholds
    check_thresholds(many, few)
    file = read_pose_file(args.ann_file)
    samples = track(
        file.annotations,
        'samples',
        console=Console(stderr=True, quiet=args.quiet),
    )
    summary = summarize(file, samples=samples)
    console = Console(highlight=False)
    for table in tables(summary, few, many, per_class=args.per_class):
        console.print(table)
    if args.layout:
        show_stance(console, file, args.layout)
    if not args.no_plot:
        draw(summary, args)


def show_stance(console: Any, file: Any, name: str) -> None:
    """Print how bodies stand, and the line for the config.

    Args:
        console (Console): Where to print.
        file (PoseFile): The annotation file.
        name (str): What --layout says.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If the config has no layout, the clips do not fit it or
            are not 3D, or it does not tell hips and shoulders.
    """
    from shapmix_mm.config.load import read_layout
    from shapmix_mm.skeletons import find_body_joints, find_stance, get_layout

    layout = get_layout(read_layout(name))
    joints = find_body_joints(layout)
    clips = [sample['keypoint'] for sample in file.annotations]
    for clip in clips:
        layout.check_joints(clip.shape[2], file.path)
        if clip.shape[3] < 3:
            raise ValueError(f'{file.path} is 2D: no axis is up')
    stance = find_stance((clip[..., :3] for clip in clips), joints)
    table = new_table('bodies in their first frame', 'what', 'clips')
    for what, counter in (('up', stance.up), ('facing', stance.facing)):
        listed = [f'{axis}: {uses:,}' for axis, uses in counter.most_common()]
        table.add_row(what, ', '.join(listed) or '-')
    table.add_row('height, median', f'{stance.height:.3g}')
    table.add_row('no frame with hips and shoulders', f'{stance.untold:,}')
    console.print(table)
    shown = '_base_.layout' if name.endswith('.py') else repr(name)
    console.print(f"align: dict(type='AlignSkeleton', layout={shown})")


def draw(summary: Any, args: argparse.Namespace) -> None:
    """Draw the sheet, beside the file if nobody says where.

    Data often lies where nothing can be written, which is no failure of a
    look at it; a place that was asked for has to work.

    Args:
        summary (PoseSummary): What the file holds.
        args (argparse.Namespace): What :func:`parse_args` gives.

    Raises:
        OSError: If it cannot be written where --plot says.
    """
    from shapmix_mm.visualization import plot_annotations

    target = args.plot or f'{args.ann_file.rstrip("/")}.inspect.png'
    try:
        path = plot_annotations(
            summary, target, thresholds=tuple(args.thresholds)
        )
    except OSError as error:
        problem = (
            f'the figure could not be written to {target}: '
            f'{error.strerror or error}; --plot PNG writes it elsewhere'
        )
        if args.plot:
            raise OSError(problem) from error
        print(f'inspect: {problem}, --no-plot omits it', file=sys.stderr)
    else:
        print(f'drawn: {path}')


def tables(
    summary: Any, few: float, many: float, *, per_class: bool
) -> list[Any]:
    """Lay out what was found.

    Args:
        summary (PoseSummary): What the file holds.
        few (float): Few-shot below.
        many (float): Many-shot above.
        per_class (bool): Whether every class has a row.

    Returns:
        list[Table]: What to print.
    """
    found = [
        splits_table(summary),
        profile_table(summary, few, many),
        shapes_table(summary),
        problems_table(summary),
    ]
    if per_class:
        found.insert(2, classes_table(summary))
    return found


def splits_table(summary: Any) -> Any:
    """Size and lengths of every split."""
    import numpy as np

    columns = ('listed', 'samples', 'classes', 'min', 'median', 'mean', 'max')
    title = f'{summary.path}; min to max are frames'
    table = new_table(title, 'split', *columns)
    for part in summary.parts:
        row = [part.listed, len(part.lengths), (part.counts > 0).sum()]
        if len(part.lengths):
            middle = float(np.median(part.lengths))
            mean = float(part.lengths.mean())
            row += [part.lengths.min(), f'{middle:g}', f'{mean:.1f}']
            row.append(part.lengths.max())
        table.add_row(plain(part.name), *map(str, row))
    return table


def profile_table(summary: Any, few: float, many: float) -> Any:
    """Long tail of every split: extremes, ratio and groups of classes."""
    from shapmix_mm.evaluation.functional import GROUPS, class_groups

    columns = ('largest', 'smallest', 'empty', 'imbalance', *GROUPS)
    title = f'samples per class; many > {many:g}, few < {few:g}'
    table = new_table(title, 'split', *columns)
    for part in summary.parts:
        there = part.counts[part.counts > 0]
        groups = class_groups(part.counts, many=many, few=few)
        row = ['-'] * 2 + [str((part.counts == 0).sum()), '-']
        if len(there):
            largest, smallest = there.max(), there.min()
            row[:2] = [str(largest), str(smallest)]
            row[3] = f'{largest / smallest:.4g}'
        row += [str((groups == name).sum()) for name in GROUPS]
        table.add_row(plain(part.name), *row)
    return table


def classes_table(summary: Any) -> Any:
    """Samples of every class in every split."""
    names = [part.name for part in summary.parts]
    table = new_table('classes', 'class', *map(plain, names))
    for label in range(summary.num_classes):
        name = summary.classes[label] if summary.classes else ''
        counts = [str(part.counts[label]) for part in summary.parts]
        table.add_row(f'{label} {plain(name)}'.rstrip(), *counts)
    return table


def shapes_table(summary: Any) -> Any:
    """Persons, joints, channels and types, with their samples."""
    table = new_table('keypoint', 'what', 'samples of each value')
    for key, counter in summary.shapes.items():
        listed = sorted(counter.items(), key=str)
        text = ', '.join(f'{value}: {uses:,}' for value, uses in listed)
        table.add_row(key, text or '-')
    for axis, (low, high) in zip('xyz', summary.ranges):
        table.add_row(f'range of {axis}', f'{low:.4g} to {high:.4g}')
    frames = summary.frames
    table.add_row(
        'frames', f'{frames["all"]:,}, {frames["zero"]:,} without anyone'
    )
    return table


def problems_table(summary: Any) -> Any:
    """Whatever is odd, with the first few samples."""
    if not summary.problems:
        return 'nothing odd found'
    table = new_table('odd', 'what', 'samples', 'such as')
    for problem, names in summary.problems.items():
        shown = ', '.join(plain(name) for name in names[:MAX_NAMES])
        table.add_row(plain(problem), f'{len(names):,}', shown)
    return table


def new_table(title: str, first: str, *columns: str) -> Any:
    """Begin a table whose first column is text."""
    from rich.table import Table

    table = Table(title=plain(title), title_justify='left')
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify='right')
    return table


def plain(text: Any) -> str:
    """Keep control characters and markup of a name off the terminal."""
    from rich.markup import escape

    shown = (c if c.isprintable() else ascii(c)[1:-1] for c in str(text))
    return escape(''.join(shown))


if __name__ == 'inspect':
    # Python puts the folder of a script first on its path, so that this tool
    # and those beside it get this file where they ask for the standard module
    # of the same name. Give it to them.
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.abspath(__file__))
    spec = PathFinder.find_spec(
        'inspect', [p for p in sys.path if os.path.abspath(p) != here]
    )
    assert spec is not None and spec.loader is not None
    sys.modules['inspect'] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules['inspect'])

if __name__ == '__main__':
    sys.exit(main())
