"""A body laid out from its bones alone, where no pose is at hand."""

from __future__ import annotations

import numpy as np

from ..skeletons import Layout

_FIRST = dict(arm=(0.8, -0.1), leg=(0.45, -0.35))
_LATER = dict(arm=(0.4, -0.9), leg=(0.12, -1.0))
_KINDS = dict(
    arm='arm',
    hand='arm',
    leg='leg',
    foot='leg',
    trunk='trunk',
    torso='trunk',
    head='trunk',
    body='trunk',
)


def schematic_body(layout: Layout) -> np.ndarray:
    """Place joints by the bone tree.

    Arms, legs and trunk go where a standing person facing the reader has
    them, if the part names tell which is which; otherwise the tree spreads
    around its centre, each limb in a sector of its own.

    Args:
        layout (Layout): The layout.

    Returns:
        np.ndarray: Joints on paper, (V, 2), y upwards.
    """
    kinds = [_kind(name) for name in layout.part_names]
    parents = _tree(layout)
    if None in kinds or 'trunk' not in {k[0] for k in kinds if k}:
        return _radial(layout, parents)
    return _standing(layout, parents, [k for k in kinds if k])


def _kind(name: str) -> tuple[str, int] | None:
    """Kind of a part and its side on paper: 1 is the person's left."""
    words = name.lower().replace('-', '_').replace(' ', '_').split('_')
    kinds = [_KINDS[word] for word in words if word in _KINDS]
    if not kinds:
        return None
    side = 1 if 'left' in words else -1 if 'right' in words else 0
    return (kinds[0], side) if kinds[0] == 'trunk' or side else None


def _tree(layout: Layout) -> dict[int, int]:
    """Parent of each joint on a shortest way to the centre, centre first."""
    near: dict[int, list[int]] = {j: [] for j in range(layout.num_joints)}
    for child, parent in layout.bones:
        near[child].append(parent)
        near[parent].append(child)
    parents = {layout.center: layout.center}
    queue = [layout.center]
    for joint in queue:
        for other in near[joint]:
            if other not in parents:
                parents[other] = joint
                queue.append(other)
    return parents


def _radial(layout: Layout, parents: dict[int, int]) -> np.ndarray:
    """Leaves around a circle, limb by limb; others between their leaves."""
    part = {j: p for p, js in enumerate(layout.parts) for j in js}
    kids: dict[int, list[int]] = {joint: [] for joint in parents}
    for joint, parent in parents.items():
        if joint != parent:
            kids[parent].append(joint)
    order: list[int] = []

    def walk(joint: int) -> None:
        for kid in sorted(kids[joint], key=lambda k: (part[k], k)):
            walk(kid)
        if not kids[joint]:
            order.append(joint)

    walk(layout.center)
    angles = {
        leaf: np.pi / 2 - 2 * np.pi * i / len(order)
        for i, leaf in enumerate(order)
    }
    for joint in reversed(parents):
        if kids[joint]:
            angles[joint] = float(np.mean([angles[k] for k in kids[joint]]))
    points, depth = np.zeros((layout.num_joints, 2)), {layout.center: 0}
    for joint, parent in parents.items():
        if joint != parent:
            depth[joint] = depth[parent] + 1
            angle = angles[joint]
            points[joint] = np.cos(angle), np.sin(angle)
            points[joint] *= depth[joint]
    return points


def _standing(
    layout: Layout, parents: dict[int, int], kinds: list[tuple[str, int]]
) -> np.ndarray:
    part = {j: p for p, js in enumerate(layout.parts) for j in js}
    down = _towards_legs(parents, part, kinds)
    sides = {
        j: s
        for left, right in layout.pairs
        for j, s in ((left, 1), (right, -1))
    }
    points = np.zeros((layout.num_joints, 2))
    placed: dict[tuple[int, int], int] = {}
    for joint, parent in parents.items():
        if joint == parent:
            continue
        kind, side = kinds[part[joint]]
        first = part[parent] != part[joint]
        if kind == 'trunk':
            # Paired joints of the trunk are eyes and ears.
            side, sign = sides.get(joint, 0), -1 if joint in down else 1
            step = np.array([0.3 * side, sign * (0.25 if side else 0.9)])
        elif first and kinds[part[parent]][0] != 'trunk':
            step = np.array([-0.3 * side, -2.4])
        else:
            x, y = (_FIRST if first else _LATER)[kind]
            step = np.array([x * side, y])
        nth = placed[parent, part[joint]] = (
            placed.get((parent, part[joint]), -1) + 1
        )
        turn = 0.0 if kind == 'trunk' else 0.8 * nth * (side or 1)
        cos, sin = np.cos(turn), np.sin(turn)
        points[joint] = points[parent] + [[cos, -sin], [sin, cos]] @ step
    return points


def _towards_legs(
    parents: dict[int, int], part: dict[int, int], kinds: list[tuple[str, int]]
) -> set[int]:
    """Joints on the way from the centre to a leg."""
    found = set()
    for joint in parents:
        if kinds[part[joint]][0] == 'leg':
            while joint not in found:
                found.add(joint)
                joint = parents[joint]
    return found
