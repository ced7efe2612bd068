"""Checks that a joint layout is whole, each naming the joint at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .layout import Layout

MIN_PARTS, MAX_PARTS = 3, 8


def check_layout(layout: Layout) -> None:
    """Check joints, names, parts, bones, pairs and parents of a layout.

    Args:
        layout (Layout): The layout.

    Raises:
        ValueError: At the first thing found wrong.
    """
    head = f'Layout {layout.name!r}: '
    if layout.num_joints < 1:
        raise ValueError(
            f'{head}the number of joints must be at least 1, '
            f'got {layout.num_joints}'
        )
    names = layout.joint_names
    if names is not None and len(names) != layout.num_joints:
        raise ValueError(
            f'{head}{len(names)} joint names for {layout.num_joints} joints'
        )
    _check_range(layout, (layout.center,), 'center')
    _check_parts(layout, head)
    _check_bones(layout, head)
    _check_pairs(layout, head)
    _check_parents(layout, head)


def derive_parents(layout: Layout) -> tuple[int, ...]:
    """The other end of each joint's bone, as the bones tell it.

    Where extra links give a joint several parents, the one nearest to the
    centre counts, and the first listed among equals.

    Args:
        layout (Layout): A layout whose bones reach every joint.

    Returns:
        tuple[int]: One parent for each joint; the centre is its own.
    """
    hops = _hops(layout)
    parents = list(range(layout.num_joints))
    for joint in parents[:]:
        above = [p for c, p in layout.bones if c == joint]
        if joint != layout.center and above:
            parents[joint] = min(above, key=hops.__getitem__)
    return tuple(parents)


def _label(layout: Layout, joint: int) -> str:
    names = layout.joint_names
    if names is None or not 0 <= joint < len(names):
        return f'joint {joint}'
    return f'joint {joint} ({names[joint]})'


def _check_range(layout: Layout, joints: tuple[int, ...], where: str) -> None:
    for joint in joints:
        if not 0 <= joint < layout.num_joints:
            raise ValueError(
                f'Layout {layout.name!r}: {where} names joint {joint}, but '
                f'joints run from 0 to {layout.num_joints - 1}'
            )


def _check_parts(layout: Layout, head: str) -> None:
    if not MIN_PARTS <= layout.num_parts <= MAX_PARTS:
        raise ValueError(
            f'{head}there must be {MIN_PARTS} to {MAX_PARTS} '
            f'parts, got {layout.num_parts}'
        )
    if len(set(layout.part_names)) != layout.num_parts:
        raise ValueError(
            f'{head}{layout.num_parts} parts need as many '
            f'different names, got {list(layout.part_names)}'
        )
    owner: dict[int, str] = {}
    for name, joints in zip(layout.part_names, layout.parts):
        _check_range(layout, joints, f'part {name!r}')
        if not joints:
            raise ValueError(f'{head}part {name!r} has no joints')
        for joint in joints:
            if joint in owner:
                raise ValueError(
                    f'{head}{_label(layout, joint)} is repeated in the '
                    f'parts: in {owner[joint]!r} and again in {name!r}'
                )
            owner[joint] = name
    lost = [j for j in range(layout.num_joints) if j not in owner]
    if lost:
        listed = ', '.join(_label(layout, joint) for joint in lost)
        raise ValueError(f'{head}missing from the parts: {listed}')


def _check_bones(layout: Layout, head: str) -> None:
    seen: set[tuple[int, int]] = set()
    for bone in layout.bones:
        if len(bone) != 2:
            raise ValueError(f'{head}a bone is (child, parent), got {bone}')
        _check_range(layout, bone, f'bone {bone}')
        if bone[0] == bone[1]:
            raise ValueError(
                f'{head}bone {bone} links {_label(layout, bone[0])} to itself'
            )
        if bone in seen:
            raise ValueError(f'{head}bone {bone} is listed twice')
        seen.add(bone)
    hops = _hops(layout)
    lost = [j for j in range(layout.num_joints) if j not in hops]
    if lost:
        listed = ', '.join(_label(layout, joint) for joint in lost)
        raise ValueError(
            f'{head}no chain of (child, parent) bones leads from the center, '
            f'{_label(layout, layout.center)}, to {listed}'
        )


def _hops(layout: Layout) -> dict[int, int]:
    """Distance from the centre, of each joint that the bones reach."""
    hops = {layout.center: 0}
    front = [layout.center]
    while front:
        nearer, front = front, []
        for child, parent in layout.bones:
            if parent in nearer and child not in hops:
                hops[child] = hops[parent] + 1
                front.append(child)
    return hops


def _check_pairs(layout: Layout, head: str) -> None:
    seen: set[int] = set()
    for pair in layout.pairs:
        if len(pair) != 2:
            raise ValueError(f'{head}a pair is (left, right), got {pair}')
        _check_range(layout, pair, f'pair {pair}')
        for joint in pair:
            if joint in seen:
                raise ValueError(
                    f'{head}{_label(layout, joint)} is repeated '
                    'in the left/right pairs'
                )
            seen.add(joint)


def _check_parents(layout: Layout, head: str) -> None:
    if not layout.parents:
        return
    if len(layout.parents) != layout.num_joints:
        raise ValueError(
            f'{head}{len(layout.parents)} parents for '
            f'{layout.num_joints} joints'
        )
    _check_range(layout, layout.parents, 'parents')
