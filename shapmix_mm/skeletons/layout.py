"""The joint layout: joints, bones, body parts and left/right pairs."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Union, cast

import numpy as np

from .builtin import BODY_PARTS, BUILTIN_LAYOUTS
from .validation import check_layout, derive_parents

_REQUIRED = ('num_node', 'inward', 'center', 'parts')
_OPTIONAL = ('name', 'joint_names', 'pairs', 'parents', 'planar')


@dataclass(frozen=True)
class Layout:
    """One arrangement of V joints, checked when it is made.

    Args:
        name (str): What error messages call the layout.
        num_joints (int): Number of joints V.
        bones (tuple[tuple[int, int]]): (child, parent), the ``inward`` list
            of MMAction2's ``Graph``. They lead from the centre to every joint.
        center (int): The joint that the graph is centred on.
        parts (tuple[tuple[int]]): A partition of the joints; part p is bit p
            of a coalition.
        part_names (tuple[str]): One name for each part.
        joint_names (tuple[str], optional): One name for each joint.
            Defaults to None.
        pairs (tuple[tuple[int, int]]): (left, right) joints. Defaults to ().
        parents (tuple[int]): The joint at the other end of each joint's bone
            feature; the root is its own. Taken from the bones when empty.
            Defaults to ().
        planar (bool): Whether coordinates are 2D, so that a third channel is
            a score. Defaults to False.

    Raises:
        ValueError: If the parts are no partition, the bones do not reach
            every joint, or a joint is out of range.
    """

    name: str
    num_joints: int
    bones: tuple[tuple[int, int], ...]
    center: int
    parts: tuple[tuple[int, ...], ...]
    part_names: tuple[str, ...]
    joint_names: tuple[str, ...] | None = None
    pairs: tuple[tuple[int, int], ...] = ()
    parents: tuple[int, ...] = ()
    planar: bool = False

    def __post_init__(self) -> None:
        check_layout(self)
        if not self.parents:
            object.__setattr__(self, 'parents', derive_parents(self))

    @property
    def num_parts(self) -> int:
        """int: Number of body parts P."""
        return len(self.parts)

    def part_mask(self) -> np.ndarray:
        """Which joints each part holds.

        Returns:
            np.ndarray: Boolean, shape (P, V); each column has one True.
        """
        mask = np.zeros((self.num_parts, self.num_joints), dtype=bool)
        for part, joints in enumerate(self.parts):
            mask[part, list(joints)] = True
        return mask

    def graph_layout(self) -> dict[str, Any]:
        """The layout as MMAction2's ``Graph(layout=...)`` takes it.

        Returns:
            dict: Keys ``num_node``, ``inward`` and ``center``.
        """
        return dict(
            num_node=self.num_joints,
            inward=list(self.bones),
            center=self.center,
        )

    def check_joints(self, num: int, where: str = '') -> None:
        """Refuse data with another number of joints.

        Args:
            num (int): Number of joints that the data has.
            where (str): What the data is, to begin the message with.
                Defaults to ''.

        Raises:
            ValueError: If the numbers differ.
        """
        if num != self.num_joints:
            raise ValueError(
                f'{where or "The batch"} has {num} joints where '
                f'layout {self.name!r} has {self.num_joints}'
            )


LayoutLike = Union[str, Mapping[str, Any], Layout]


def get_layout(layout: LayoutLike) -> Layout:
    """Look a layout up by name, or build it from a config dict.

    Args:
        layout (str or dict or Layout): A built-in name, or a dict with
            ``num_node``, ``inward``, ``center`` and ``parts`` (a list of
            joint lists, or a dict of them by part name, whose keys may be in
            any order), optionally ``name``, ``joint_names``, ``pairs``,
            ``parents`` and ``planar``.

    Returns:
        Layout: The checked layout.

    Raises:
        KeyError: If the name, or a key of the dict, is unknown or missing.
        TypeError: If a value has a type that cannot describe a layout.
        ValueError: If the dict describes no valid layout.

    Example:
        >>> get_layout('coco').part_names[:2]
        ('trunk', 'left_arm')
    """
    if isinstance(layout, Layout):
        return layout
    if isinstance(layout, str):
        if layout not in BUILTIN_LAYOUTS:
            raise KeyError(
                f'Unknown layout {layout!r}: known are '
                f'{sorted(BUILTIN_LAYOUTS)}, or give a dict with the keys '
                f'{list(_REQUIRED)}'
            )
        return _from_dict(BUILTIN_LAYOUTS[layout], layout)
    if isinstance(layout, Mapping):
        return _from_dict(layout, str(layout.get('name', 'custom')))
    raise TypeError(
        'A layout must be a name, a dict or a Layout, got '
        f'{type(layout).__name__}'
    )


def _from_dict(spec: Mapping[str, Any], name: str) -> Layout:
    missing = [key for key in _REQUIRED if key not in spec]
    unknown = sorted(set(spec) - set(_REQUIRED) - set(_OPTIONAL))
    if missing:
        raise KeyError(f'Layout {name!r} lacks the keys {missing}')
    if unknown:
        raise KeyError(
            f'Layout {name!r} has unknown keys {unknown}: known '
            f'are {list(_REQUIRED + _OPTIONAL)}'
        )
    names = spec.get('joint_names')
    try:
        parts = _named_parts(spec['parts'])
        return Layout(
            name=name,
            num_joints=operator.index(spec['num_node']),
            bones=_pairs(spec['inward']),
            center=operator.index(spec['center']),
            parts=tuple(parts.values()),
            part_names=tuple(parts),
            joint_names=None if names is None else tuple(map(str, names)),
            pairs=_pairs(spec.get('pairs') or ()),
            parents=_ints(spec.get('parents') or ()),
            planar=bool(spec.get('planar', False)),
        )
    except TypeError as err:
        raise TypeError(
            f'Layout {name!r} needs whole joint numbers in lists: {err}'
        ) from err


def _named_parts(parts: Any) -> Mapping[str, tuple[int, ...]]:
    """Parts in the order of their numbers.

    The order of a dict's keys tells nothing: MMEngine sorts them when it
    writes a config. The parts of the body come first, all others in the
    order of their first joints; a list keeps its own order.
    """
    if not isinstance(parts, Mapping):
        return {f'part{i}': _ints(joints) for i, joints in enumerate(parts)}
    named = {str(name): _ints(joints) for name, joints in parts.items()}
    places = {name: place for place, name in enumerate(BODY_PARTS)}
    return {
        name: named[name]
        for name in sorted(
            named,
            key=lambda name: (
                places.get(name, len(places)),
                min(named[name], default=0),
            ),
        )
    }


def _ints(values: Iterable[Any]) -> tuple[int, ...]:
    return tuple(operator.index(value) for value in values)


def _pairs(values: Iterable[Any]) -> tuple[tuple[int, int], ...]:
    return cast('tuple[tuple[int, int], ...]', tuple(map(_ints, values)))
