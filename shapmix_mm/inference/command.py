"""What ``tools/predict.py`` makes of its inputs: one that fails is named."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from shapmix_mm.config.trained_model import read_layout
from shapmix_mm.serialization import write_whole

from .clip import Clip, ClipError
from .page_data import explained_clip, timeline_clip
from .readers import find_files, read_clips
from .recognizer import Explanation, Prediction, Prepared, Recognizer
from .timeline import Timeline, find_timeline

__all__ = ['Inputs', 'Session', 'write_csv', 'write_json']

Complain = Callable[[str], Any]


class Inputs:
    """The clips of files and folders.

    Args:
        given (Sequence[str]): What :func:`find_files` takes.
        complain (callable): Told in one line what is wrong with an input;
            the others are read on.
        samples (Sequence[str]): Names of the clips to take. Defaults to ():
            all.
        layout (str, optional): How their joints are arranged, by name or in
            a file. Defaults to None: as they say, or as the model has it.
        img_shape (Sequence[int], optional): Height and width of the image of
            2D joints, in pixels. Defaults to None.
        rate (float, optional): Frames in a second, where a file does not
            tell. Defaults to None.

    Attributes:
        failed (int): Inputs that something was wrong with.
    """

    def __init__(
        self,
        given: Sequence[str],
        complain: Complain,
        *,
        samples: Sequence[str] = (),
        layout: str | None = None,
        img_shape: Sequence[int] | None = None,
        rate: float | None = None,
    ) -> None:
        self.given = given
        self.samples = samples
        self.layout_name = layout
        self.layout = read_layout(layout) if layout else None
        self.img_shape: Any = tuple(img_shape) if img_shape else None
        self.rate = rate
        self.failed = 0
        self._complain = complain

    def refuse(self, error: Exception, path: Path | None = None) -> None:
        """Say in one line what is wrong with an input, and go on.

        Args:
            error (Exception): What is wrong.
            path (Path, optional): The file, where the text does not name it.
                Defaults to None.
        """
        self.failed += 1
        text = ' '.join(str(error).split())
        where = '' if path is None or str(path) in text else f'{path}: '
        self._complain(f'{where}{text}')

    def __iter__(self) -> Iterator[tuple[Path, Clip]]:
        found = set[str]()
        for path, names in self._files():
            try:
                clips = self._read(path, names)
            except ClipError as error:
                self.refuse(error)
                continue
            found |= {clip.name for clip in clips}
            for clip in clips:
                try:
                    yield path, self._named(clip)
                except ClipError as error:
                    self.refuse(error, path)
        for name in self.samples:
            if name not in found:
                self.refuse(ClipError(f'no input has the clip {name}'))

    def _files(self) -> Iterator[tuple[Path, frozenset[str]]]:
        for given in self.given:
            try:
                yield from find_files(given)
            except ClipError as error:
                self.refuse(error)

    def _read(self, path: Path, names: frozenset[str]) -> list[Clip]:
        clips = read_clips(path, names, img_shape=self.img_shape)
        return [
            replace(clip, rate=self.rate) if clip.rate is None else clip
            for clip in clips
            if not self.samples or clip.name in self.samples
        ]

    def _named(self, clip: Clip) -> Clip:
        """Name the joints as the layout does."""
        layout = self.layout
        if layout is None or clip.keypoint.ndim != 4:
            return clip
        if clip.keypoint.shape[2] != layout.num_joints:
            raise ClipError(
                f'{clip.name} has {clip.keypoint.shape[2]} joints, --layout '
                f'{self.layout_name} has {layout.num_joints}'
            )
        return replace(clip, joint_names=layout.joint_names)


class Session:
    """What was found in all inputs.

    Args:
        recognizer (Recognizer): The recognizer.
        inputs (Inputs): The clips.

    Attributes:
        predictions (list[Prediction]): Of all clips that could be taken.
        explanations (list[Explanation]): Of the same, if asked for.
        timelines (list[Timeline]): Of all recordings.
        seconds (float): Time that predictions and explanations took.
    """

    def __init__(self, recognizer: Recognizer, inputs: Inputs) -> None:
        self.recognizer = recognizer
        self.inputs = inputs
        self.predictions: list[Prediction] = []
        self.explanations: list[Explanation] = []
        self.timelines: list[Timeline] = []
        self.seconds = 0.0

    def predict(
        self,
        top_k: int = 5,
        explain: tuple[int, int] | None = None,
        progress: Callable[[], Any] = lambda: None,
    ) -> None:
        """Predict all inputs, and explain them if asked to.

        Args:
            top_k (int): Classes to name. Defaults to 5.
            explain (tuple[int, int], optional): Orders of single joints and
                stretches of time to value, 0 for none. Defaults to None: no
                explanation.
            progress (callable): Called after each clip. Defaults to nobody.
        """
        began = time.perf_counter()
        batch: list[Prepared] = []
        for path, clip in self.inputs:
            try:
                batch.append(self.recognizer.prepare(clip))
            except ClipError as error:
                self.inputs.refuse(error, path)
            if len(batch) == self.recognizer.batch_size:
                self._finish(batch, top_k, explain, progress)
                batch = []
        self._finish(batch, top_k, explain, progress)
        self.seconds = time.perf_counter() - began

    def _finish(
        self,
        batch: list[Prepared],
        top_k: int,
        explain: tuple[int, int] | None,
        progress: Callable[[], Any],
    ) -> None:
        answers = self.recognizer.predict_prepared(batch, top_k)
        self.predictions += answers
        for item, answer in zip(batch, answers):
            if explain is not None:
                shown = [one.index for one in answer.top]
                if answer.true is not None and answer.true not in shown:
                    shown.append(answer.true)
                self.explanations.append(
                    self.recognizer.explain_prepared(
                        item, answer, shown, *explain
                    )
                )
            progress()

    def follow(
        self,
        path: Path,
        clip: Clip,
        window: int,
        stride: int | None,
        threshold: float,
        progress: Callable[[int], Any] = lambda done: None,
    ) -> None:
        """Find the classes along a recording that is not cut.

        Args:
            path (Path): Its file, which is named if it cannot be taken.
            clip (Clip): The recording.
            window (int): As for :func:`find_timeline`, like the others.
            stride (int, optional): Frames between windows.
            threshold (float): Probability of a known class.
            progress (callable): Told how many more windows are done.
                Defaults to nobody.
        """
        try:
            self.timelines.append(
                find_timeline(
                    self.recognizer, clip, window, stride, threshold, progress
                )
            )
        except ClipError as error:
            self.inputs.refuse(error, path)

    def shown(self) -> list[dict[str, Any]]:
        """Explained clips and recordings, as a page takes them."""
        model = self.recognizer
        return [explained_clip(told) for told in self.explanations] + [
            timeline_clip(one, model.layout, model.classes)
            for one in self.timelines
        ]


def write_csv(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write a row for each clip and named class.

    Args:
        path (Path): CSV to write.
        predictions (Sequence[Prediction]): The answers.
    """
    text = io.StringIO(newline='')
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(('clip', 'rank', 'class', 'name', 'probability', 'true'))
    for one in predictions:
        true = '' if one.true is None else one.true
        for rank, a in enumerate(one.top, 1):
            chance = f'{a.probability:.6f}'
            writer.writerow((one.name, rank, a.index, a.name, chance, true))
    write_whole(path, text.getvalue().encode('utf-8', 'backslashreplace'))


def write_json(
    path: Path,
    predictions: Sequence[Prediction],
    explanations: Sequence[Explanation] = (),
) -> None:
    """Write all that was found.

    Args:
        path (Path): JSON file to write.
        predictions (Sequence[Prediction]): The answers.
        explanations (Sequence[Explanation]): Their reasons. Defaults to ().
    """
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
    write_whole(path, json.dumps(found, indent=1) + '\n')
