"""Joints of a clip in the order that a recognizer was trained with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from .clip import Clip, ClipError

__all__ = ['order_joints', 'read_joint_map']

_SHOWN = 3


def order_joints(
    clip: Clip,
    num_joints: int | None,
    wanted: Sequence[str] | None,
    renamed: Mapping[str, str] | None = None,
) -> Clip:
    """Bring the joints of a clip into the model's order, by their names.

    Case, spaces and punctuation of names do not count, and surplus joints are
    dropped. Joints without names are taken to be in the model's order.

    Args:
        clip (Clip): The clip.
        num_joints (int, optional): V of the model; None where it is not
            told.
        wanted (Sequence[str], optional): The model's joints in their order;
            None where the layout does not name them.
        renamed (Mapping[str, str], optional): What the clip calls a joint of
            the model. Defaults to None.

    Returns:
        Clip: With V joints, named as the model's.

    Raises:
        ClipError: If a joint of the model is not in the clip, or the clip has
            another number of joints and does not name them.
    """
    own = clip.joint_names
    if own is None or wanted is None:
        if num_joints not in (None, clip.keypoint.shape[2]):
            raise ClipError(_counts(clip, num_joints, wanted))
        return clip
    if tuple(own) == tuple(wanted):
        return clip
    places = {_plain(name): place for place, name in enumerate(own)}
    sought = [_plain((renamed or {}).get(name, name)) for name in wanted]
    missing = [n for n, key in zip(wanted, sought) if key not in places]
    if missing:
        raise ClipError(
            f'{clip.name} has no joint {_few(missing)}: its joints are '
            f'{", ".join(own)}, those of the model {", ".join(wanted)}; say '
            'with --joint-map which is which, or with --layout how they are '
            'arranged'
        )
    order = np.array([places[key] for key in sought])
    if np.array_equal(order, np.arange(len(own))):
        return clip
    values = {
        key: clip.annotation[key][:, :, order]
        for key in ('keypoint', 'keypoint_score')
        if key in clip.annotation
    }
    dropped = len(own) - len(wanted)
    note = f'{dropped} of its {len(own)} joints are not used'
    ordered = replace(clip.changed(**values), joint_names=tuple(wanted))
    return ordered.noted(note) if dropped else ordered


def read_joint_map(path: str | Path) -> dict[str, str]:
    """Read what clips call the joints of the model.

    Args:
        path (str or Path): JSON file of one object.

    Returns:
        dict[str, str]: Names by those of the model.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is none of JSON, or holds something else.
    """
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


def _few(names: Sequence[str]) -> str:
    more = f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''
    return ', '.join(names[:_SHOWN]) + more


def _plain(name: str) -> str:
    return re.sub(r'[\W_]+', '', name).lower()


def _counts(
    clip: Clip, num_joints: int | None, wanted: Sequence[str] | None
) -> str:
    names = '' if wanted is None else f' ({", ".join(wanted)})'
    own = '' if clip.joint_names is None else ', '.join(clip.joint_names)
    return (
        f'{clip.name} has {clip.keypoint.shape[2]} joints'
        f'{own and f" ({own})"}, the model takes {num_joints}{names}; say '
        'with --layout how its joints are arranged'
    )
