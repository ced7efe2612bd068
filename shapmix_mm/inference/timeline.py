"""A recording that nobody has cut: which class is shown when."""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from shapmix_mm.datasets.transforms.keypoints import present
from shapmix_mm.serialization import write_whole

from .clip import MIN_FRAMES, Clip, ClipError
from .recognizer import Prediction, Recognizer

__all__ = ['UNKNOWN', 'Timeline', 'Window', 'find_timeline', 'write_timelines']

UNKNOWN = -1
# Two days of a camera; the numbers of a table may be anything.
_LONGEST = 5_000_000


@dataclass(frozen=True)
class Window:
    """What a window says of the frames in its middle.

    Args:
        start (int): First of the frames.
        end (int): The frame after the last.
        index (int): The class; -1 where none is sure enough, or nobody is
            there.
        confidence (float): Probability of the likeliest class.
    """

    start: int
    end: int
    index: int
    confidence: float


@dataclass(frozen=True)
class Timeline:
    """The classes along a recording.

    Args:
        clip (Clip): The recording, with those persons who move most in all
            of it; each window has chosen its own.
        windows (list[Window]): Stretches without gap or overlap.
        seconds (float): Time that it took.
    """

    clip: Clip
    windows: list[Window]
    seconds: float

    @property
    def speed(self) -> float:
        """float: Windows in a second."""
        return len(self.windows) / max(self.seconds, 1e-9)

    def stretches(self) -> list[Window]:
        """Join neighbouring windows of one class.

        Returns:
            list[Window]: With the largest of their confidences.
        """
        joined: list[Window] = []
        for window in self.windows:
            if joined and joined[-1].index == window.index:
                last = joined.pop()
                best = max(last.confidence, window.confidence)
                window = Window(last.start, window.end, window.index, best)
            joined.append(window)
        return joined


def find_timeline(
    recognizer: Recognizer,
    clip: Clip,
    window: int,
    stride: int | None = None,
    threshold: float = 0.5,
    progress: Callable[[int], Any] = lambda done: None,
) -> Timeline:
    """Slide a window over a recording.

    Args:
        recognizer (Recognizer): The recognizer.
        clip (Clip): The recording.
        window (int): Frames of a window, about those of a training clip.
        stride (int, optional): Frames from one window to the next; the last
            ends with the recording. Defaults to None: a quarter of the
            window.
        threshold (float): A window whose likeliest class has a lower
            probability is of no known class. Defaults to 0.5.
        progress (callable): Told how many more windows are done. Defaults to
            nobody.

    Returns:
        Timeline: The classes.

    Raises:
        ClipError: If the recording cannot be taken, as when its joints are
            others than the model's, or a window that shows somebody in two
            frames or more does not pass the pipeline.
        ValueError: If window or stride is no number of frames.
    """
    stride = stride or max(window // 4, 1)
    if not 2 <= window or not 1 <= stride <= window:
        raise ValueError(
            f'a window of {window} frames, moved by {stride}: expected 2 or '
            'more, moved by 1 up to all of them'
        )
    began = time.perf_counter()
    whole = recognizer.adapt(clip)
    frames = _places(clip)
    length = int(frames[-1]) + 1
    last = max(length - window, 0)
    # One more where the stride does not lead to the end.
    starts = [*range(0, last, stride), last]
    found: list[Window] = []
    notes: tuple[str, ...] = ()
    size = recognizer.batch_size
    for first in range(0, len(starts), size):
        batch = starts[first : first + size]
        answers = _answers(recognizer, clip, frames, batch, window)
        for start, answer in zip(batch, answers):
            index, confidence = UNKNOWN, 0.0
            if answer is not None:
                # Such as units that are not those of the training.
                notes = max(notes, answer.notes, key=len)
                confidence = answer.top[0].probability
                if confidence >= threshold:
                    index = answer.top[0].index
            found.append(Window(start, start + window, index, confidence))
        progress(len(batch))
    seconds = time.perf_counter() - began
    whole = replace(_spread(whole, frames), notes=notes or clip.notes)
    return Timeline(whole, _filled(found, length), seconds)


def _places(clip: Clip) -> np.ndarray:
    """Place of each frame on the time line, shape (T,)."""
    if clip.frames is None:
        return np.arange(clip.keypoint.shape[1])
    steps = [int(frame - clip.frames[0]) for frame in clip.frames]
    # Of a camera that numbers each second frame, none is missing.
    step = math.gcd(*steps)
    if steps[-1] // step >= _LONGEST:
        raise ClipError(
            f'{clip.name} has the frames {clip.frames[0]} to '
            f'{clip.frames[-1]}, more than {_LONGEST:,}'
        )
    return np.array(steps) // step


def _spread(clip: Clip, places: np.ndarray) -> Clip:
    """Put frames in which nobody is between those of a table."""
    if clip.frames is None:
        return clip
    length = int(places[-1]) + 1
    found: dict[str, Any] = dict(total_frames=length)
    for key in ('keypoint', 'keypoint_score'):
        if key in clip.annotation:
            values = clip.annotation[key]
            shape = (len(values), length, *values.shape[2:])
            found[key] = np.zeros(shape, values.dtype)
            found[key][:, places] = values
    return replace(clip.changed(**found), frames=None)


def _answers(
    recognizer: Recognizer,
    clip: Clip,
    frames: np.ndarray,
    starts: list[int],
    window: int,
) -> list[Prediction | None]:
    """Predictions of windows; None where nobody is there, or no motion."""
    prepared = {}
    for start in starts:
        inside = slice(*np.searchsorted(frames, (start, start + window)))
        seen = present(clip.keypoint[:, inside])
        if seen.any(0).sum() < MIN_FRAMES:
            continue
        part = recognizer.adapt(_cut(clip, inside, seen))
        # All that was seen may be joints that the model does not take.
        if part.keypoint.any():
            prepared[start] = recognizer.prepare(part)
    answers = recognizer.predict_prepared(list(prepared.values()), 1)
    known = dict(zip(prepared, answers))
    return [known.get(start) for start in starts]


def _cut(clip: Clip, inside: slice, seen: np.ndarray) -> Clip:
    """Frames of a clip, with those persons alone who are there."""
    part = {
        key: clip.annotation[key][seen.any(1), inside]
        for key in ('keypoint', 'keypoint_score')
        if key in clip.annotation
    }
    return clip.changed(**part, total_frames=part['keypoint'].shape[1])


def _filled(windows: list[Window], length: int) -> list[Window]:
    """Cut in the middle of what neighbours share; give the ends away."""
    cuts = [(a.end + b.start) // 2 for a, b in zip(windows, windows[1:])]
    edges = [0, *cuts, length]
    return [
        Window(start, end, w.index, w.confidence)
        for w, start, end in zip(windows, edges, edges[1:])
    ]


def write_timelines(
    path: str | Path, timelines: list[Timeline], classes: list[str]
) -> None:
    """Write a row for each window of each recording.

    Args:
        path (str or Path): CSV to write.
        timelines (list[Timeline]): The recordings.
        classes (list[str]): Names of the classes.
    """
    text = io.StringIO(newline='')
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(
        ('clip', 'start', 'end', 'start_s', 'end_s', 'class', 'name',
         'confidence')
    )  # fmt: skip
    for one in timelines:
        rate = one.clip.rate
        for w in one.windows:
            seconds = [
                f'{f / rate:.2f}' if rate else '' for f in (w.start, w.end)
            ]
            name = 'unknown' if w.index == UNKNOWN else classes[w.index]
            writer.writerow(
                (one.clip.name, w.start, w.end, *seconds, w.index, name,
                 f'{w.confidence:.4f}')
            )  # fmt: skip
    write_whole(path, text.getvalue().encode('utf-8', 'backslashreplace'))
