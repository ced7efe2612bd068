"""Say which actions skeleton clips show, and which parts say so."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from mmengine.config import DictAction
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import shapmix_mm  # noqa: F401  (registers modules, cures stock wheels)
from shapmix_mm.arguments import (
    Fraction,
    NonNegativeInt,
    Positive,
    PositiveInt,
    option,
)
from shapmix_mm.config.launch import merge_options, one_line_errors
from shapmix_mm.config.mixins import load_config
from shapmix_mm.inference import (
    Recognizer,
    SegmentCount,
    page_of,
    write_page,
    write_timelines,
)
from shapmix_mm.inference.command import Inputs, Session, write_csv, write_json
from shapmix_mm.inference.joints import read_joint_map
from shapmix_mm.serialization import check_writable

_PAGE, _CSV, _JSON = 'explanation.html', 'predictions.csv', 'predictions.json'
_TIMELINE = 'timeline.csv'
# More fill neither a terminal nor a page that one can read.
_ROWS, _SHOWN = 50, 200
_CONSOLE = Console()


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='An input is an annotation file (FILE.pkl, or '
        'FILE.pkl:name1,name2), .npy, .npz, .skeleton of NTU RGB+D, .json of '
        'NW-UCLA, .bvh, .csv, or a folder of these.',
    )
    add = parser.add_argument
    add('config', help='config file, or package::path')
    add('checkpoint', help='checkpoint, or its network as an .onnx file')
    add('inputs', nargs='+', metavar='INPUT', help='file or folder of clips')
    add_model_arguments(parser)
    add_input_arguments(parser)
    add_output_arguments(parser)
    args = parser.parse_args()
    if args.window and (args.csv or args.json):
        parser.error(f'--csv, --json: --window writes {_TIMELINE} instead')
    if not args.window and (args.stride or args.threshold is not None):
        parser.error('--stride, --threshold: only with --window')
    valued = args.joints or args.segments is not None
    if valued and (args.window or not args.explain):
        parser.error(
            '--joints, --segments: only with --explain, without --window'
        )
    return args


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says how the recognizer is built."""
    add = parser.add_argument
    add(
        '--with',
        dest='mixins',
        nargs='+',
        default=[],
        metavar='MIXIN',
        help='mixins to merge into the config',
    )
    add(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='settings of the training that differ from the config',
    )
    add('--device', help='such as cpu or cuda:1; a GPU if there is one')
    add('--classes', metavar='FILE', help='text file of class names')
    add(
        '--calibrate',
        action='store_true',
        help='calibrate probabilities by a temperature, which is fitted on '
        'the validation split once and kept beside the checkpoint',
    )


def add_input_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says how the inputs are read."""
    add = parser.add_argument
    add(
        '--samples',
        nargs='+',
        default=[],
        metavar='NAME',
        help='only these clips of the inputs',
    )
    add(
        '--layout',
        help='how the joints of the inputs are arranged: a layout by name, '
        'or a file with layout = dict(...)',
    )
    add(
        '--joint-map',
        metavar='FILE.json',
        help='what the inputs call each joint of the model',
    )
    add(
        '--img-shape',
        type=option(PositiveInt),
        nargs=2,
        metavar=('HEIGHT', 'WIDTH'),
        help='size of the image of 2D joints, in pixels',
    )
    add(
        '--rate',
        type=option(Positive),
        help='frames in a second, where a file does not tell',
    )
    add(
        '--window',
        type=option(PositiveInt),
        help='take the inputs for recordings that are not cut, and slide a '
        'window of so many frames over them',
    )
    add(
        '--stride',
        type=option(PositiveInt),
        help='frames from one window to the next (default: a quarter of it)',
    )
    add(
        '--threshold',
        type=option(Fraction),
        help='a window is of no known class below this probability '
        '(default: 0.5)',
    )


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says what is found out and written."""
    add = parser.add_argument
    add(
        '--out',
        default='predictions',
        help='folder of the files that are written (default: predictions)',
    )
    add(
        '--explain',
        action='store_true',
        help=f'value the body parts, and write {_PAGE}',
    )
    add(
        '--joints',
        type=option(NonNegativeInt),
        nargs='?',
        const=32,
        default=0,
        metavar='N',
        help='value single joints too, by N orders of them (32), half random '
        'and half the reverses of those',
    )
    add(
        '--segments',
        type=option(SegmentCount),
        help='stretches of time to value; 0 for none (default: 5)',
    )
    add('--csv', action='store_true', help=f'write {_CSV}')
    add('--json', action='store_true', help=f'write {_JSON}')
    add(
        '--top-k',
        type=option(PositiveInt),
        default=5,
        help='classes to name (default: 5)',
    )


def show_predictions(session: Session) -> None:
    """Print a table of the answers, and what a user should know."""
    table = Table('clip', 'answer', 'probability', 'next')
    labelled = any(one.true is not None for one in session.predictions)
    if labelled:
        table.add_column('true')
    classes = session.recognizer.classes
    for one in session.predictions[:_ROWS]:
        best, *others = one.top
        after = ', '.join(f'{a.name} {a.probability:.2f}' for a in others[:2])
        row = [one.name, best.name, f'{best.probability:.3f}', after]
        if labelled:
            row.append('' if one.true is None else classes[one.true])
        table.add_row(*row)
    _CONSOLE.print(table)
    if len(session.predictions) > _ROWS:
        print(f'the first {_ROWS} clips; --csv writes all')
    for told in session.explanations[:_ROWS]:
        sentence = told.classes[told.prediction.top[0].index].sentence
        print(f'{told.prediction.name}: {sentence}')
    for one in session.predictions:
        for note in one.notes:
            print(f'note: {one.name}: {note}')
    number = len(session.predictions)
    print(f'{number} clips, {number / session.seconds:.1f} clips per second')


def show_timelines(session: Session) -> None:
    """Print a table of the stretches of each recording."""
    classes = session.recognizer.classes
    for one in session.timelines:
        table = Table('from', 'to', 'class', 'confidence', title=one.clip.name)
        rate = one.clip.rate
        for part in one.stretches():
            ends = [
                f'{f / rate:.1f} s' if rate else str(f)
                for f in (part.start, part.end)
            ]
            name = 'unknown' if part.index < 0 else classes[part.index]
            table.add_row(*ends, name, f'{part.confidence:.2f}')
        _CONSOLE.print(table)
        for note in one.clip.notes:
            print(f'note: {one.clip.name}: {note}')
        print(f'{len(one.windows)} windows, {one.speed:.1f} clips per second')


def write_files(session: Session, args: argparse.Namespace) -> None:
    """Write what was asked for."""
    out, written = Path(args.out), []
    if session.timelines:
        write_timelines(
            out / _TIMELINE, session.timelines, session.recognizer.classes
        )
        written.append(_TIMELINE)
    if args.csv and session.predictions:
        write_csv(out / _CSV, session.predictions)
        written.append(_CSV)
    if args.json and session.predictions:
        write_json(out / _JSON, session.predictions, session.explanations)
        written.append(_JSON)
    shown = session.shown() if args.explain else []
    if len(shown) > _SHOWN:
        print(f'note: the page holds the first {_SHOWN} of {len(shown)} clips')
    if shown:
        page = page_of(Path(args.config).name, shown[:_SHOWN])
        write_page(page, out / _PAGE)
        written.append(_PAGE)
    for name in written:
        print(f'wrote {out / name}')


def make_session(args: argparse.Namespace) -> Session:
    """Load the recognizer, and look at what else is given."""
    cfg = load_config(args.config, args.mixins)
    merge_options(cfg, args)
    names = args.joint_map
    recognizer = Recognizer(
        cfg,
        args.checkpoint,
        args.device,
        layout=args.layout,
        classes=args.classes,
        joint_map=None if names is None else read_joint_map(names),
    )
    inputs = Inputs(
        args.inputs,
        lambda text: print(f'error: {text}', file=sys.stderr),
        samples=args.samples,
        layout=args.layout,
        img_shape=args.img_shape,
        rate=args.rate,
    )
    return Session(recognizer, inputs)


def predict(session: Session, args: argparse.Namespace) -> None:
    """Predict and explain clips below a bar."""
    segments = 5 if args.segments is None else args.segments
    explain = (args.joints, segments) if args.explain else None
    with Progress(console=_CONSOLE, transient=True) as bar:
        task = bar.add_task('predicting', total=None)
        session.predict(args.top_k, explain, lambda: bar.advance(task))


def follow(session: Session, args: argparse.Namespace) -> None:
    """Follow recordings, each below a bar."""
    for path, clip in session.inputs:
        with Progress(console=_CONSOLE, transient=True) as bar:
            task = bar.add_task(clip.name, total=None)
            session.follow(
                path,
                clip,
                args.window,
                args.stride,
                0.5 if args.threshold is None else args.threshold,
                partial(bar.advance, task),
            )


def main() -> int:
    """Run the command."""
    args = parse_args()
    out = Path(args.out)
    if args.csv or args.json or args.explain or args.window:
        for name in (_PAGE, _CSV, _JSON, _TIMELINE):
            check_writable(out / name)
    session = make_session(args)
    if args.calibrate:
        found = session.recognizer.calibrate()
        print(
            f'temperature {found.temperature:.3f}, fitted on {found.samples} '
            f'validation clips: calibration error {found.ece_before:.3f} '
            f'before, {found.ece_after:.3f} after'
        )
    if not session.recognizer.named:
        print('note: nothing names the classes: give --classes FILE')
    if args.window:
        follow(session, args)
        show_timelines(session)
    else:
        predict(session, args)
        if session.predictions:
            show_predictions(session)
    write_files(session, args)
    return 1 if session.inputs.failed else 0


if __name__ == '__main__':
    with one_line_errors():
        sys.exit(main())
