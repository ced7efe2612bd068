"""Say which actions skeleton clips show, and which parts say so."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

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
from shapmix_mm.config.trained_model import read_layout
from shapmix_mm.inference import (
    Clip,
    ClipError,
    Explanation,
    Prediction,
    Recognizer,
    SegmentCount,
    Timeline,
    explained_clip,
    find_files,
    find_timeline,
    page_of,
    read_clips,
    timeline_clip,
    write_page,
    write_timelines,
)
from shapmix_mm.saliency import check_writable
from shapmix_mm.serialization import write_whole

_PAGE, _CSV, _JSON = 'explanation.html', 'predictions.csv', 'predictions.json'
_TIMELINE = 'timeline.csv'
_BATCH = 32
# More fill neither a terminal nor a page that one can read.
_ROWS, _SHOWN = 50, 200


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
    return parser.parse_args()


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
        default=0.5,
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
        help='value single joints too, by N random orders of them (32)',
    )
    add(
        '--segments',
        type=option(SegmentCount),
        default=5,
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


class Session:
    """One call of the command: what was found, and what went wrong.

    Args:
        args (argparse.Namespace): Arguments.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.failed = 0
        self.found = set[str]()
        self.console = Console()
        self.seconds = 0.0
        self.predictions: list[Prediction] = []
        self.explanations: list[Explanation] = []
        self.timelines: list[Timeline] = []
        cfg = load_config(args.config, args.mixins)
        merge_options(cfg, args)
        self.recognizer = Recognizer(
            cfg,
            args.checkpoint,
            args.device,
            layout=args.layout,
            classes=args.classes,
            joint_map=_joint_map(args.joint_map),
            batch_size=_BATCH,
        )
        self.input_layout = args.layout and read_layout(args.layout)

    def complain(self, error: Exception, path: Path | None = None) -> None:
        """Say in one line what is wrong with an input, and go on."""
        self.failed += 1
        text = ' '.join(str(error).split())
        where = '' if path is None or str(path) in text else f'{path}: '
        print(f'error: {where}{text}', file=sys.stderr)

    def clips(self) -> Iterator[tuple[Path, Clip]]:
        """Read all inputs; what cannot be read is reported."""
        for given in self.args.inputs:
            try:
                files = find_files(given)
            except ClipError as error:
                self.complain(error)
                continue
            for path, names in files:
                try:
                    clips = self._read(path, names)
                except ClipError as error:
                    self.complain(error)
                    continue
                for clip in clips:
                    try:
                        yield path, self._named(clip)
                    except ClipError as error:
                        self.complain(error, path)
        for name in self.args.samples:
            if name not in self.found:
                self.complain(ClipError(f'no input has the clip {name}'))

    def _read(self, path: Path, names: frozenset[str]) -> list[Clip]:
        shape = self.args.img_shape and tuple(self.args.img_shape)
        clips = read_clips(path, names, img_shape=shape)
        if self.args.samples:
            clips = [c for c in clips if c.name in self.args.samples]
            self.found |= {clip.name for clip in clips}
        rate = self.args.rate
        return [
            replace(clip, rate=rate) if clip.rate is None else clip
            for clip in clips
        ]

    def _named(self, clip: Clip) -> Clip:
        """Name the joints as ``--layout`` does."""
        layout = self.input_layout
        if layout is None or clip.keypoint.ndim != 4:
            return clip
        if clip.keypoint.shape[2] != layout.num_joints:
            raise ClipError(
                f'{clip.name} has {clip.keypoint.shape[2]} joints, --layout '
                f'{self.args.layout} has {layout.num_joints}'
            )
        return replace(clip, joint_names=layout.joint_names)

    def run(self) -> None:
        """Predict all inputs, and explain them if asked to."""
        began = time.perf_counter()
        with Progress(console=self.console, transient=True) as bar:
            task = bar.add_task('predicting', total=None)
            batch = []
            for path, clip in self.clips():
                try:
                    batch.append(self.recognizer.prepare(clip))
                except ClipError as error:
                    self.complain(error, path)
                if len(batch) == _BATCH:
                    self._finish(batch, lambda: bar.advance(task))
                    batch = []
            self._finish(batch, lambda: bar.advance(task))
        self.seconds = time.perf_counter() - began

    def _finish(self, batch: list[Any], advance: Any) -> None:
        args = self.args
        answers = self.recognizer.predict_prepared(batch, args.top_k)
        self.predictions += answers
        for item, answer in zip(batch, answers):
            if args.explain:
                shown = [one.index for one in answer.top]
                if answer.true is not None and answer.true not in shown:
                    shown.append(answer.true)
                self.explanations.append(
                    self.recognizer.explain_prepared(
                        item, answer, shown, args.joints, args.segments
                    )
                )
            advance()

    def run_recordings(self) -> None:
        """Find the classes along recordings that are not cut."""
        args = self.args
        for path, clip in self.clips():
            with Progress(console=self.console, transient=True) as bar:
                task = bar.add_task(clip.name, total=None)
                try:
                    self.timelines.append(
                        find_timeline(
                            self.recognizer,
                            clip,
                            args.window,
                            args.stride,
                            args.threshold,
                            lambda done: bar.advance(task, done),  # noqa: B023
                        )
                    )
                except ClipError as error:
                    self.complain(error, path)


def _joint_map(path: str | None) -> dict[str, str] | None:
    if path is None:
        return None
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'--joint-map {path} is no JSON: {error}') from error
    if not isinstance(content, dict) or not all(
        isinstance(name, str) for name in content.values()
    ):
        raise ValueError(
            f'--joint-map {path} should hold an object with a name for each '
            'joint of the model'
        )
    return content


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
    session.console.print(table)
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
        session.console.print(table)
        for note in one.clip.notes:
            print(f'note: {one.clip.name}: {note}')
        print(f'{len(one.windows)} windows, {one.speed:.1f} clips per second')


def write_files(session: Session, out: Path) -> None:
    """Write what was asked for."""
    args, recognizer = session.args, session.recognizer
    written = []
    if session.timelines:
        write_timelines(out / _TIMELINE, session.timelines, recognizer.classes)
        written.append(_TIMELINE)
    if args.csv and session.predictions:
        write_whole(out / _CSV, csv_of(session.predictions))
        written.append(_CSV)
    if args.json and session.predictions:
        content = json_of(session.predictions, session.explanations)
        write_whole(out / _JSON, json.dumps(content, indent=1) + '\n')
        written.append(_JSON)
    shown = [explained_clip(told) for told in session.explanations]
    if args.explain:
        shown += [
            timeline_clip(one, recognizer.layout, recognizer.classes)
            for one in session.timelines
        ]
    if len(shown) > _SHOWN:
        print(f'note: the page holds the first {_SHOWN} of {len(shown)} clips')
    if shown:
        page = page_of(Path(args.config).name, shown[:_SHOWN])
        write_page(page, out / _PAGE)
        written.append(_PAGE)
    for name in written:
        print(f'wrote {out / name}')


def csv_of(predictions: list[Prediction]) -> bytes:
    """A row for each clip and named class."""
    text = io.StringIO(newline='')
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(('clip', 'rank', 'class', 'name', 'probability', 'true'))
    for one in predictions:
        true = '' if one.true is None else one.true
        for rank, a in enumerate(one.top, 1):
            chance = f'{a.probability:.6f}'
            writer.writerow((one.name, rank, a.index, a.name, chance, true))
    return text.getvalue().encode('utf-8', 'backslashreplace')


def json_of(
    predictions: list[Prediction], explanations: list[Explanation]
) -> list[dict[str, Any]]:
    """All that was found, as plain data."""
    reasons = {id(told.prediction): told for told in explanations}
    found = []
    for one in predictions:
        entry: dict[str, Any] = dict(
            clip=one.name,
            top=[asdict(answer) for answer in one.top],
            probabilities=one.probabilities.tolist(),
            true=one.true,
            notes=list(one.notes),
        )
        if told := reasons.get(id(one)):
            entry['parts'] = list(told.layout.part_names)
            entry['explained'] = explained_clip(told)['explained']
        found.append(entry)
    return found


def main() -> int:
    """Run the command."""
    args = parse_args()
    out = Path(args.out)
    if args.csv or args.json or args.explain or args.window:
        check_writable(out, (_PAGE, _CSV, _JSON, _TIMELINE))
    session = Session(args)
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
        session.run_recordings()
        show_timelines(session)
    else:
        session.run()
        if session.predictions:
            show_predictions(session)
    write_files(session, out)
    return 1 if session.failed else 0


if __name__ == '__main__':
    with one_line_errors():
        sys.exit(main())
