"""The page that shows a person what a recognizer answered, and why.

One HTML file that needs no network: its data, style and script are in it.
"""

from __future__ import annotations

from pathlib import Path

from typing_extensions import TypedDict

from ..serialization import write_whole

__all__ = ['Page', 'write_page']


class Part(TypedDict):
    """A body part: its name and the indices of its joints."""

    name: str
    joints: list[int]


class ClassScore(TypedDict):
    """One of the most probable classes."""

    index: int
    name: str
    probability: float


class Combination(TypedDict):
    """Value of parts together, as a difference of probability."""

    parts: list[int]
    value: float


class Segment(TypedDict):
    """Value of the frames from ``start`` up to, without, ``end``."""

    start: int
    end: int
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

    none: float
    all: float
    parts: list[float]
    combinations: list[Combination]
    joints: list[float] | None
    joint_errors: list[float] | None
    segments: list[Segment] | None
    sentence: str


class Window(TypedDict):
    """Class of the frames from ``start`` up to ``end``; -1 is unknown."""

    start: int
    end: int
    index: int
    confidence: float


class Timeline(TypedDict):
    """Classes along a recording; ``classes`` has names by index."""

    rate: float | None
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

    name: str
    notes: list[str]
    rate: float | None
    points: list[list[list[list[float]]]]
    up: list[float] | None
    bones: list[list[int]]
    joints: list[str]
    parts: list[Part]
    true: int | None
    classes: list[ClassScore]
    explained: dict[str, Explanation]
    timeline: Timeline | None


class Page(TypedDict):
    """All that a page shows."""

    title: str
    created_with: str
    clips: list[Clip]


def write_page(page: Page, path: Path) -> None:
    """Write the page of one or several clips.

    Args:
        page (Page): What :func:`shapmix_mm.inference.page_of` gives, finite
            and plain numbers, not NumPy's; fewer digits make a smaller file.
        path (Path): HTML file to write, in whole or not at all.

    Raises:
        ValueError: If a number is not finite, or jinja2 is missing.
        OSError: If the file cannot be written.
    """
    try:
        import jinja2
    except ImportError as error:
        raise ValueError(
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
