"""A layout proposed from bones and names, and bones guessed from poses."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .layout import get_layout
from .sides import side_pairs, side_twin
from .validation import MAX_PARTS

__all__ = ['guess_bones', 'propose_layout', 'read_joints']

_KINDS = {
    word: kind
    for kind, words in dict(
        arm='arm forearm shoulder elbow wrist hand palm finger thumb clavicle '
        'collar',
        leg='leg hip knee ankle foot toe heel thigh shin calf',
        trunk='head neck nose eye ear jaw skull spine chest torso pelvis',
    ).items()
    for word in words.split()
}
# How much a distance that varies counts as longer than one that does not.
_STIFFNESS = 10.0

Kids = dict[int, list[int]]


def read_joints(path: str | Path) -> tuple[list[str], list[tuple[int, int]]]:
    """Read the list of joints: a CSV with the columns joint and parent.

    Args:
        path (str or Path): One row for each joint, in the order of the data;
            a parent is a joint's name or, where no joint is called so, its
            number from 0; that of the root is empty.

    Returns:
        tuple[list[str], list[tuple[int, int]]]: Names, and bones as (child,
        parent).

    Raises:
        ValueError: If a column is missing, a name is there twice, or a
            parent is no joint.
    """
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        missing = {'joint', 'parent'} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f'{path} lacks the columns {sorted(missing)}')
        rows = [(row['joint'].strip(), row['parent'] or '') for row in reader]
    names = [name for name, _ in rows]
    twice = [name for name, uses in Counter(names).items() if uses > 1]
    if twice:
        raise ValueError(f'{path} has the joints {twice} twice')
    numbers = {str(i): i for i in range(len(names))}
    numbers.update({name: i for i, name in enumerate(names)})
    bones = []
    for child, (name, parent) in enumerate(rows):
        if not parent.strip():
            continue
        if parent.strip() not in numbers:
            raise ValueError(
                f'{path}: parent {parent.strip()!r} of {name!r} is no joint'
            )
        bones.append((child, numbers[parent.strip()]))
    return names, bones


def propose_layout(
    bones: Iterable[tuple[int, int]],
    *,
    num_joints: int,
    joint_names: Sequence[str] | None = None,
    center: int | None = None,
    planar: bool = False,
) -> dict[str, Any]:
    """Propose centre, parts and pairs.

    Limbs are the large branches of the tree of bones, cut where a branch
    divides into large ones; the rest is the trunk. Names, if there are any,
    tell which limb is which, and which joints are pairs.

    Args:
        bones (Iterable[tuple[int, int]]): Joints that are linked, as a tree.
        num_joints (int): Number of joints V.
        joint_names (Sequence[str], optional): Their names. Defaults to None.
        center (int, optional): The joint in the middle. Defaults to None:
            the one from which the others are nearest along the bones.
        planar (bool): Whether coordinates are 2D. Defaults to False.

    Returns:
        dict: What :func:`get_layout` takes.

    Raises:
        ValueError: If the bones are no tree of all joints, or if fewer parts
            than a layout needs are to be seen in it.

    Example:
        >>> chains = [(1, 0), (2, 1), (3, 0), (4, 3), (5, 0), (6, 5)]
        >>> propose_layout(chains, num_joints=7)['parts']
        {'trunk': [0], 'limb1': [1, 2], 'limb2': [3, 4], 'limb3': [5, 6]}
    """
    links = [(int(a), int(b)) for a, b in bones]
    if center is None:
        center = min(
            range(num_joints), key=lambda j: _depth_sum(links, num_joints, j)
        )
    kids = _kids(links, num_joints, center)
    layout: dict[str, Any] = dict(
        num_node=num_joints,
        center=center,
        inward=[(kid, joint) for joint in kids for kid in kids[joint]],
        parts=_parts(kids, center, joint_names),
    )
    if joint_names:
        layout['joint_names'] = list(joint_names)
        layout['pairs'] = side_pairs(joint_names)
    if planar:
        layout['planar'] = True
    get_layout(layout)
    return layout


def guess_bones(poses: np.ndarray) -> list[tuple[int, int]]:
    """Guess bones from poses: the tree of short distances that stay equal.

    Args:
        poses (np.ndarray): Bodies, shape (n, V, C); a joint that is zero, or
            not finite, is missing.

    Returns:
        list[tuple[int, int]]: V - 1 links (child, parent).

    Raises:
        ValueError: If two joints are never seen in one pose.
    """
    poses = np.asarray(poses, dtype=np.float64)
    seen = np.isfinite(poses).all(2) & poses.any(2)
    apart = np.linalg.norm(poses[:, :, None] - poses[:, None], axis=-1)
    both = seen[:, :, None] & seen[:, None]
    uses = both.sum(0)
    if not uses.all():
        raise ValueError(
            'the bones cannot be guessed: some joints are never seen together'
        )
    apart = np.where(both, apart, 0.0)
    mean = apart.sum(0) / uses
    spread = np.sqrt((((apart - mean) * both) ** 2).sum(0) / uses)
    cost = mean + _STIFFNESS * spread
    inside, links = [0], []
    while len(inside) < len(cost):
        outside = [j for j in range(len(cost)) if j not in inside]
        near = cost[np.ix_(outside, inside)]
        row, column = np.unravel_index(near.argmin(), near.shape)
        links.append((outside[row], inside[column]))
        inside.append(outside[row])
    return links


def _kids(links: list[tuple[int, int]], num: int, center: int) -> Kids:
    """Joints next to each, away from the centre, from the centre outwards."""
    near: Kids = {joint: [] for joint in range(num)}
    for a, b in links:
        if a not in near or b not in near:
            raise ValueError(f'bone {(a, b)} has no place in {num} joints')
        near[a].append(b)
        near[b].append(a)
    kids: Kids = {center: []}
    for joint in (queue := [center]):
        for other in sorted(near[joint]):
            if other not in kids:
                kids[joint].append(other)
                kids[other] = []
                queue.append(other)
    lost = sorted(set(near) - set(kids))
    if lost or len(links) != num - 1:
        raise ValueError(
            f'{len(links)} bones are no tree of {num} joints'
            + (f'; none leads to {lost}' if lost else '')
        )
    return kids


def _depth_sum(links: list[tuple[int, int]], num: int, center: int) -> int:
    depth = {center: 0}
    for joint, below in _kids(links, num, center).items():
        depth.update({kid: depth[joint] + 1 for kid in below})
    return sum(depth.values())


def _branch(kids: Kids, top: int) -> list[int]:
    return [top] + [j for kid in kids[top] for j in _branch(kids, kid)]


def _limbs(kids: Kids, top: int, least: float) -> list[list[int]]:
    """Large branches from a joint on; its own, if that does not divide."""
    joint = top
    if len(_branch(kids, top)) < least:
        return []
    while True:
        large = [k for k in kids[joint] if len(_branch(kids, k)) >= least]
        if len(large) > 1:
            return [m for kid in large for m in _limbs(kids, kid, least)]
        if not large:
            return [_branch(kids, top)]
        joint = large[0]


def _parts(
    kids: Kids, center: int, names: Sequence[str] | None
) -> dict[str, list[int]]:
    least = max(2.0, len(kids) / 10)
    limbs = [m for kid in kids[center] for m in _limbs(kids, kid, least)]
    parts: dict[str, list[int]] = {}
    for number, limb in enumerate(limbs, 1):
        name = _limb_name([names[j] for j in limb] if names else [], number)
        if name != 'trunk':
            parts.setdefault(name, []).extend(limb)
    # Those of the trunk that are called like a limb, such as its shoulder.
    taken = {joint for limb in parts.values() for joint in limb}
    for joint in set(kids) - taken:
        name = _limb_name([names[joint]], 0) if names else ''
        if name in parts:
            parts[name].append(joint)
    while len(parts) > MAX_PARTS - 1:
        del parts[min(parts, key=lambda name: len(parts[name]))]
    taken = {joint for limb in parts.values() for joint in limb}
    trunk = sorted(set(kids) - taken)
    found = {'trunk': trunk} if trunk else {}
    return {**found, **{name: sorted(limb) for name, limb in parts.items()}}


def _limb_name(names: Sequence[str], number: int) -> str:
    """Side and kind, else a word that all joints share, else a number."""
    told = [side_twin(name) for name in names]
    kinds = [
        {_KINDS[w.rstrip('s')] for w in words if w.rstrip('s') in _KINDS}
        for _, words, _ in told
    ]
    known = Counter(kind for found in kinds for kind in found)
    sides = Counter(side for side, _, _ in told if side)
    kind = known.most_common(1)[0][0] if known else ''
    if sides and kind in ('arm', 'leg'):
        return f'{sides.most_common(1)[0][0]}_{kind}'
    if kind == 'trunk' and all(kinds):
        return 'trunk'
    if told:
        shared = [w for w in told[0][1] if all(w in t[1] for t in told)]
        if shared:
            return '_'.join(shared)
    return f'limb{number}'
