"""The data of the page that shows clips with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shapmix_mm.skeletons import Layout, find_body_joints, find_stance
from shapmix_mm.version import __version__

from .clip import Clip
from .explanation import ClassExplanation
from .page import Page
from .recognizer import Explanation
from .timeline import UNKNOWN, Timeline

__all__ = ['explained_clip', 'page_of', 'timeline_clip']

# Significant digits of coordinates.
_DIGITS = 4


def page_of(title: str, clips: Sequence[Any]) -> Page:
    """Put clips on one page.

    Args:
        title (str): Title.
        clips (Sequence[dict]): What :func:`explained_clip` and
            :func:`timeline_clip` give.

    Returns:
        Page: What :func:`write_page` takes.
    """
    return Page(
        title=title,
        created_with=f'shapmix_mm {__version__}',
        clips=list(clips),
    )


def explained_clip(found: Explanation) -> dict[str, Any]:
    """A clip with the reasons for its classes.

    Args:
        found (Explanation): The explanation.

    Returns:
        dict: Plain numbers and text.
    """
    return dict(
        _body(found.clip, found.layout),
        notes=list(found.prediction.notes),
        true=found.prediction.true,
        classes=[
            dict(index=index, name=name, probability=_number(chance))
            for index, name, chance in _shown(found)
        ],
        explained={
            str(index): _reasons(told) for index, told in found.classes.items()
        },
        timeline=None,
    )


def timeline_clip(
    found: Timeline, layout: Layout, classes: Sequence[str]
) -> dict[str, Any]:
    """A recording with its timeline; it has no class as a whole.

    Args:
        found (Timeline): The timeline.
        layout (Layout): How the joints are arranged.
        classes (Sequence[str]): Names of the classes.

    Returns:
        dict: Plain numbers and text.
    """
    known = {window.index for window in found.windows} - {UNKNOWN}
    return dict(
        _body(found.clip, layout),
        notes=list(found.clip.notes),
        true=None,
        classes=[],
        explained={},
        timeline=dict(
            rate=found.clip.rate,
            windows=[
                dict(
                    start=w.start,
                    end=w.end,
                    index=w.index,
                    confidence=_number(w.confidence),
                )
                for w in found.windows
            ],
            classes={str(i): classes[i] for i in sorted(known)},
        ),
    )


def _body(clip: Clip, layout: Layout) -> dict[str, Any]:
    names = layout.joint_names or map(str, range(layout.num_joints))
    return dict(
        name=clip.name,
        rate=None if clip.rate is None else float(clip.rate),
        points=_rounded(clip.keypoint),
        up=_upwards(clip.keypoint, layout),
        bones=[list(bone) for bone in layout.bones],
        joints=list(names),
        parts=[
            dict(name=name, joints=list(joints))
            for name, joints in zip(layout.part_names, layout.parts)
        ],
    )


def _shown(found: Explanation) -> list[tuple[int, str, float]]:
    """Index, name and probability of each class on the page, best first."""
    chances = found.prediction.probabilities
    names = {one.index: one.name for one in found.prediction.top}
    names.update({index: told.name for index, told in found.classes.items()})
    order = sorted(names, key=lambda index: -chances[index])
    return [(index, names[index], chances[index]) for index in order]


def _reasons(told: ClassExplanation) -> dict[str, Any]:
    return dict(
        none=told.none,
        all=told.all,
        parts=told.parts.tolist(),
        combinations=[
            dict(parts=list(parts), value=value)
            for parts, value in sorted(
                told.combinations, key=lambda pair: -pair[1]
            )
        ],
        joints=None if told.joints is None else told.joints.tolist(),
        joint_errors=None
        if told.joint_errors is None
        else told.joint_errors.tolist(),
        segments=None
        if told.segments is None
        else [
            dict(start=s.start, end=s.end, value=s.value)
            for s in told.segments
        ],
        sentence=told.sentence,
    )


def _number(value: float) -> float:
    return round(float(value), 6)


def _rounded(values: np.ndarray) -> list[Any]:
    """Numbers of four significant digits."""
    values = np.asarray(values, dtype=np.float64)
    size = np.abs(values)
    power = np.floor(np.log10(np.where(size > 0, size, 1)))
    scale = 10.0 ** (_DIGITS - 1 - power)
    return (np.round(values * scale) / scale).tolist()


def _upwards(keypoint: np.ndarray, layout: Layout) -> list[float] | None:
    """The axis nearest to up, as the bodies stand."""
    if keypoint.shape[3] != 3:
        return None
    try:
        stance = find_stance([keypoint], find_body_joints(layout))
    except ValueError:
        return None
    for axis in stance.up:
        direction = [0.0, 0.0, 0.0]
        direction['xyz'.index(axis[1])] = -1.0 if axis[0] == '-' else 1.0
        return direction
    return None
