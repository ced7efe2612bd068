"""The page that shows a person what a recognizer answered, and why.

One HTML file that needs no network: its data, style and script are in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import Annotated, TypedDict

from ..serialization import write_whole

__all__ = ['PageError', 'write_page']

_STRICT = ConfigDict(extra='forbid', strict=True, allow_inf_nan=False)
_Index = Annotated[int, Field(ge=0)]
_Rate = Annotated[float, Field(gt=0)]
_Probability = Annotated[float, Field(ge=-1e-6, le=1 + 1e-6)]
_Point = Annotated[list[float], Field(min_length=2, max_length=3)]
_Direction = Annotated[list[float], Field(min_length=3, max_length=3)]
_Bone = Annotated[list[_Index], Field(min_length=2, max_length=2)]


class PageError(ValueError):
    """What is wrong with the data of a page, or lacks to write it."""


class Part(TypedDict):
    """A body part: its name and the indices of its joints."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    name: str
    joints: list[_Index]


class ClassScore(TypedDict):
    """One of the most probable classes."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    index: _Index
    name: str
    probability: _Probability


class Combination(TypedDict):
    """Value of parts together, as a difference of probability."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    parts: list[_Index]
    value: float


class Segment(TypedDict):
    """Value of the frames from ``start`` up to, without, ``end``."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    start: _Index
    end: _Index
    value: float


class Explanation(TypedDict):
    """What makes the probability of one class what it is.

    Attributes:
        none (float): Probability of the class when no part moves.
        all (float): Probability of the class when all parts move.
        parts (list[float]): Shapley value of each part, which add up to
            ``all - none``.
        combinations (list[Combination]): Combinations, the best first.
        joints (list[float], optional): Value of each joint.
        joint_errors (list[float], optional): Their standard errors.
        segments (list[Segment], optional): Values of stretches of time.
        sentence (str): All that in a sentence.
    """

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    none: _Probability
    all: _Probability
    parts: list[float]
    combinations: list[Combination]
    joints: list[float] | None
    joint_errors: list[float] | None
    segments: list[Segment] | None
    sentence: str


class Window(TypedDict):
    """Class of the frames from ``start`` up to ``end``; -1 is unknown."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    start: _Index
    end: _Index
    index: Annotated[int, Field(ge=-1)]
    confidence: _Probability


class Timeline(TypedDict):
    """Classes along a recording; ``classes`` has names by index."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    rate: _Rate | None
    windows: list[Window]
    classes: dict[str, str]


class Clip(TypedDict):
    """One clip and the answer to it.

    Attributes:
        name (str): Its name.
        notes (list[str]): Warnings about the input.
        rate (float, optional): Frames per second.
        points (list): Joints (M, T, V, C), C = 2 or 3; a person who is
            absent from a frame has zeros.
        up (list[float], optional): Which way is up in three dimensions;
            None is the second coordinate. In two, it points down.
        bones (list[list[int]]): Pairs of child and parent.
        joints (list[str]): Names of the V joints.
        parts (list[Part]): The P parts.
        true (int, optional): Index of the class that it is known to be.
        classes (list[ClassScore]): Most probable classes, best first, and
            any others that are explained.
        explained (dict[str, Explanation]): By the index of the class.
        timeline (Timeline, optional): Of a long recording.
    """

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    name: str
    notes: list[str]
    rate: _Rate | None
    points: Annotated[list[list[list[_Point]]], Field(min_length=1)]
    up: _Direction | None
    bones: list[_Bone]
    joints: Annotated[list[str], Field(min_length=1)]
    parts: list[Part]
    true: _Index | None
    classes: list[ClassScore]
    explained: dict[str, Explanation]
    timeline: Timeline | None


class Page(TypedDict):
    """All that a page shows."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    title: str
    created_with: str
    clips: Annotated[list[Clip], Field(min_length=1)]


def write_page(data: Mapping[str, Any], path: Path) -> None:
    """Write the page of one or several clips.

    Args:
        data (Mapping): As :class:`Page` describes it. Numbers are plain
            ones, not NumPy's; fewer digits make a smaller file.
        path (Path): HTML file to write, in whole or not at all.

    Raises:
        PageError: If the data are not of that form, or jinja2 is missing.
        OSError: If the file cannot be written.
    """
    page = _checked(data)
    try:
        import jinja2
    except ImportError as error:
        raise PageError(
            'the page needs jinja2, which is not installed: '
            "pip install 'shapmix_mm[reports]'"
        ) from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('shapmix_mm.inference'),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies['json.dumps_kwargs'] = dict(
        allow_nan=False, separators=(',', ':')
    )
    template = environment.get_template('explanation.html')
    write_whole(path, template.render(page=page))


def _checked(data: Mapping[str, Any]) -> Page:
    """Compare the data with what the page takes for granted."""
    try:
        page = TypeAdapter(Page).validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = '.'.join(map(str, first['loc']))
        raise PageError(f'page data: {place}: {first["msg"]}') from error
    for number, clip in enumerate(page['clips']):
        for problem in _clip_problems(clip):
            raise PageError(f'page data: clips.{number}.{problem}')
    return page


def _clip_problems(clip: Clip) -> Iterator[str]:
    """What does not fit together within a clip, as key and expectation."""
    frames, joints = len(clip['points'][0]), len(clip['joints'])
    if not frames:
        yield 'points: has no frame'
    coordinates = {
        len(joint)
        for person in clip['points']
        for frame in person
        for joint in frame
    }
    if len(coordinates) > 1:
        yield 'points: mixes joints of 2 and of 3 coordinates'
    for person in clip['points']:
        if len(person) != frames:
            yield f'points: persons have {frames} and {len(person)} frames'
        if any(len(frame) != joints for frame in person):
            yield f'points: expected {joints} joints, as named, in each frame'
    if any(joint >= joints for bone in clip['bones'] for joint in bone):
        yield f'bones: expected joints below {joints}'
    if any(j >= joints for part in clip['parts'] for j in part['joints']):
        yield f'parts: expected joints below {joints}'
    listed = {str(one['index']) for one in clip['classes']}
    for index, explained in clip['explained'].items():
        if index not in listed:
            yield f'explained: {index} is none of the classes'
        for problem in _explanation_problems(clip, explained):
            yield f'explained.{index}.{problem}'
    timeline = clip['timeline']
    if timeline is not None:
        for problem in _timeline_problems(timeline, frames):
            yield f'timeline.{problem}'


def _explanation_problems(clip: Clip, one: Explanation) -> Iterator[str]:
    parts, joints = len(clip['parts']), len(clip['joints'])
    if len(one['parts']) != parts:
        yield f'parts: expected {parts} values, got {len(one["parts"])}'
    gap = sum(one['parts']) - (one['all'] - one['none'])
    # Rounded to four decimals, each value may be half a unit off.
    if abs(gap) > 1e-4 * (parts + 2):
        yield f'parts: their sum is {gap:+.2g} off all - none'
    if any(p >= parts for c in one['combinations'] for p in c['parts']):
        yield f'combinations: expected parts below {parts}'
    for key in ('joints', 'joint_errors'):
        values: Any = one.get(key)
        if values is not None and len(values) != joints:
            yield f'{key}: expected {joints} values, got {len(values)}'
    frames = len(clip['points'][0])
    if any(not s['start'] < s['end'] <= frames for s in one['segments'] or ()):
        yield f'segments: expected start < end <= {frames}'


def _timeline_problems(timeline: Timeline, frames: int) -> Iterator[str]:
    windows = timeline['windows']
    if any(not w['start'] < w['end'] <= frames for w in windows):
        yield f'windows: expected start < end <= {frames}'
    starts = [window['start'] for window in windows]
    if starts != sorted(starts):
        yield 'windows: expected them in the order of time'
    known = {w['index'] for w in windows if w['index'] >= 0}
    unnamed = sorted(known - set(map(int, timeline['classes'])))
    if unnamed:
        yield f'classes: no name of class {unnamed[0]}'
