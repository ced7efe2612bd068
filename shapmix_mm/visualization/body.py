"""A body on paper: where its joints lie, which side is left, its drawing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from ..skeletons import Layout
from ..skeletons.sides import side_pairs, side_twin

OUTLINE = '#555555'
# Joints of which nothing is known or shown.
UNKNOWN = '#D5D5D5'
_MIN_WIDTH = 0.5
_KINDS = {
    word: kind
    for kind, words in dict(
        arm=('arm', 'hand'),
        leg=('leg', 'foot'),
        trunk=('trunk', 'torso', 'head', 'body'),
    ).items()
    for word in words
}
# Steps on paper from joint to joint of a standing body, at its left side.
_FIRST = dict(arm=(0.8, -0.1), leg=(0.45, -0.35))
_LATER = dict(arm=(0.4, -0.9), leg=(0.12, -1.0))


def draw_body(
    axes: Axes,
    points: np.ndarray,
    layout: Layout,
    colours: np.ndarray,
    *,
    width: float = 3.0,
) -> None:
    """Draw bones and joints with a thin dark rim, which keeps pale ones seen.

    A bone has the colour of its outer joint.

    Args:
        axes (Axes): Where to draw.
        points (np.ndarray): Joints on paper (V, 2).
        layout (Layout): The layout.
        colours (np.ndarray): Colour of each joint, RGBA (V, 4).
        width (float): Width of a bone in points. Defaults to 3.
    """
    ends = np.array(layout.bones)
    rim = width + 0.35 * width**0.5 + 0.3
    for colour, wide in ((OUTLINE, rim), (colours[ends[:, 0]], width)):
        lines = LineCollection(points[ends], colors=colour, linewidths=wide)
        lines.set(capstyle='round', zorder=2)
        axes.add_collection(lines)
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=(1.25 * width) ** 2,
        c=colours,
        edgecolors=OUTLINE,
        linewidths=0.3 * width**0.5,
        zorder=2.1,
    )


class Sides(NamedTuple):
    """Joints that mirror each other.

    Args:
        left (list[int]): Joints of one side.
        right (list[int]): Joints of the other.
        named (bool): Whether it is known which side is left; the symmetry
            of a graph does not tell.
    """

    left: list[int]
    right: list[int]
    named: bool


def find_sides(layout: Layout) -> Sides | None:
    """Sides by the pairs of a layout, its names, or the symmetry of bones.

    Args:
        layout (Layout): The layout.

    Returns:
        Sides or None: None where two sides cannot be told apart.
    """
    if layout.pairs:
        left, right = (list(side) for side in zip(*layout.pairs))
        return Sides(left, right, True)
    for names, members in (
        (layout.joint_names or (), [(j,) for j in range(layout.num_joints)]),
        (layout.part_names, layout.parts),
    ):
        if pairs := side_pairs(names):
            left, right = (
                [j for i in s for j in members[i]] for s in zip(*pairs)
            )
            return Sides(left, right, True)
    return _symmetric_sides(layout)


def _symmetric_sides(layout: Layout) -> Sides | None:
    """Branches of which exactly two at a joint have the same shape."""
    kids = _children(layout)
    shapes: dict[int, tuple] = {}
    for joint in reversed(kids):
        shapes[joint] = tuple(sorted(shapes[kid] for kid in kids[joint]))
    left: list[int] = []
    right: list[int] = []
    for joint in kids:
        if joint in left or joint in right:
            continue
        alike = defaultdict(list)
        for kid in kids[joint]:
            alike[shapes[kid]].append(kid)
        for twins in alike.values():
            if len(twins) == 2:
                for side, top in zip((left, right), sorted(twins)):
                    side += _branch(kids, top)
    return Sides(left, right, False) if left else None


def _children(layout: Layout) -> dict[int, list[int]]:
    """Joints further from the centre, by joint, from the centre outwards."""
    graph = nx.Graph(layout.bones)
    kids: dict[int, list[int]] = {layout.center: []}
    for parent, kid in nx.bfs_edges(graph, layout.center):
        kids[parent].append(kid)
        kids[kid] = []
    return kids


def _branch(kids: dict[int, list[int]], top: int) -> list[int]:
    return [top, *(j for kid in kids[top] for j in _branch(kids, kid))]


@dataclass(frozen=True)
class View:
    """Orthographic projection onto a plane.

    Args:
        matrix (np.ndarray): Shape (D, 2); the columns are the directions
            that point right and up on paper.
    """

    matrix: np.ndarray

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project points.

        Args:
            points (np.ndarray): Shape (..., C); the first D channels are
                coordinates.

        Returns:
            np.ndarray: Shape (..., 2).
        """
        return points[..., : len(self.matrix)] @ self.matrix


def frontal_view(pose: np.ndarray, layout: Layout) -> View:
    """View of a body from its front, head up.

    The vertical is the axis of the greatest extent, turned so that legs are
    below the other parts; planar coordinates have y downwards. The
    horizontal leads from right to left joints, as one sees a person who
    faces one; where no sides are known, it is the one that keeps all parts
    as far apart as it can.

    Args:
        pose (np.ndarray): Joints (V, C).
        layout (Layout): The layout.

    Returns:
        View: The projection.
    """
    dims = 2 if layout.planar else min(pose.shape[1], 3)
    points = np.asarray(pose, dtype=np.float64)[:, :dims]
    extent = np.ptp(points, axis=0)
    axis = 1 if dims == 2 else int(extent.argmax())
    up = np.eye(dims)[axis] * _up_sign(points[:, axis], layout)
    sides = find_sides(layout)
    right = np.zeros(dims)
    if sides is not None:
        left, other = (points[list(side)].mean(0) for side in sides[:2])
        right = left - other
        right[axis] = 0
    if np.linalg.norm(right) < 1e-3 * max(extent.max(), 1e-12):
        right = _spreading(points, layout, axis)
    return View(np.stack([right / np.linalg.norm(right), up], axis=1))


def _spreading(points: np.ndarray, layout: Layout, axis: int) -> np.ndarray:
    """Horizontal that keeps the nearest two parts farthest apart."""
    basis = np.delete(np.eye(points.shape[1]), axis, axis=0)
    if len(basis) == 1:
        return basis[0]
    angles = np.deg2rad(np.arange(0, 180, 5))
    across = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ basis
    middles = np.stack(
        [points[list(joints)].mean(0) for joints in layout.parts]
    )
    apart = middles[:, None] - middles
    far = np.hypot(apart @ across.T, apart[..., axis, None])
    pairs = np.triu_indices(len(middles), 1)
    # Of equal views, that of the widest body.
    worst = (
        far[pairs].min(0).round(9) if len(pairs[0]) else np.zeros(len(across))
    )
    width = np.ptp(points @ across.T, axis=0)
    return across[np.lexsort((-width, -worst))[0]]


def _up_sign(heights: np.ndarray, layout: Layout) -> int:
    legs = [
        joint
        for name, joints in zip(layout.part_names, layout.parts)
        for joint in joints
        if 'leg' in name.lower() or 'foot' in name.lower()
    ]
    others = [j for j in range(layout.num_joints) if j not in legs]
    if legs and others:
        return 1 if heights[others].mean() >= heights[legs].mean() else -1
    return -1 if layout.planar else 1


def sample_view(clip: np.ndarray, layout: Layout) -> View:
    """View of a clip: a person from the front, two of them side by side.

    Args:
        clip (np.ndarray): Skeletons (M, T, V, C); absent ones are zero.
        layout (Layout): The layout.

    Returns:
        View: The projection.

    Raises:
        ValueError: If no person is there.
    """
    there = (clip != 0).any(axis=(2, 3))
    bodies = [c[t].mean(0) for c, t in zip(clip, there) if t.any()]
    if not bodies:
        raise ValueError('the clip has no person: all its coordinates are 0')
    view = frontal_view(bodies[0], layout)
    if len(bodies) == 1 or len(view.matrix) == 2:
        return view
    right, up = view.matrix.T
    apart = (bodies[1] - bodies[0])[:, :3].mean(0)
    apart = apart - (apart @ up) * up
    length = np.linalg.norm(apart)
    if length > 0.2 * np.ptp(view.project(bodies[0])[:, 1]):
        right = apart / length * (1 if apart @ right >= 0 else -1)
    return View(np.stack([right, up], axis=1))


def reference_body(
    layout: Layout, pose: np.ndarray | None = None
) -> np.ndarray:
    """Body to draw, of height 1 and centred, at least half as wide as high.

    A mean pose is narrower than any real one, hence the least width.

    Args:
        layout (Layout): The layout.
        pose (np.ndarray, optional): Joints (V, C), or (M, V, C) of which the
            first counts. Defaults to None, a schematic body; so does a pose
            that is not finite or has fallen together.

    Returns:
        np.ndarray: Joints on paper, (V, 2).

    Raises:
        ValueError: If the pose has another shape than the layout.
    """
    points = schematic_body(layout)
    if pose is not None:
        pose = np.asarray(pose, dtype=np.float64)
        pose = pose[0] if pose.ndim == 3 and len(pose) else pose
        if pose.ndim != 2 or pose.shape[1] < 2:
            raise ValueError(
                f'pose must be (M, V, C) or (V, C), got shape {pose.shape}'
            )
        layout.check_joints(len(pose), 'the pose')
        if _is_body(pose, layout):
            points = frontal_view(pose, layout).project(pose)
    points = points - (points.min(0) + points.max(0)) / 2
    width, height = np.ptp(points, axis=0)
    points = points / (height or width or 1)
    if 0 < width < _MIN_WIDTH * height:
        points[:, 0] *= _MIN_WIDTH * height / width
    return points


def _is_body(pose: np.ndarray, layout: Layout) -> bool:
    points = pose[:, : 2 if layout.planar else 3]
    if not np.isfinite(points).all():
        return False
    size = np.linalg.norm(np.ptp(points, axis=0))
    child, parent = np.array(layout.bones).T
    lengths = np.linalg.norm(points[child] - points[parent], axis=1)
    return bool(size > 0 and np.mean(lengths > 0.002 * size) >= 0.8)


def schematic_body(layout: Layout) -> np.ndarray:
    """Place joints by the bones alone, where no pose is at hand.

    Arms, legs and trunk go where a standing person facing the reader has
    them, if the part names tell which is which; otherwise joints stand as
    far apart on paper as they are along the bones (Kamada and Kawai, 1989).

    Args:
        layout (Layout): The layout.

    Returns:
        np.ndarray: Joints on paper, (V, 2), y upwards.
    """
    kinds = [kind for name in layout.part_names if (kind := _kind(name))]
    if len(kinds) == layout.num_parts and 'trunk' in {k for k, _ in kinds}:
        return _standing(layout, kinds)
    graph = nx.Graph()
    # The order of joints, not that of bones, decides between equal pictures.
    graph.add_nodes_from(range(layout.num_joints))
    graph.add_edges_from(layout.bones)
    found = nx.kamada_kawai_layout(graph, scale=layout.num_joints**0.5)
    return np.stack([found[joint] for joint in range(layout.num_joints)])


def _kind(name: str) -> tuple[str, int] | None:
    """Kind of a part and its side on paper: 1 is the person's left."""
    told, words, _ = side_twin(name)
    kind = next((_KINDS[word] for word in words if word in _KINDS), None)
    side = dict(left=1, right=-1).get(told, 0)
    return (kind, side) if kind and (kind == 'trunk' or side) else None


def _standing(layout: Layout, kinds: Sequence[tuple[str, int]]) -> np.ndarray:
    part = {j: p for p, js in enumerate(layout.parts) for j in js}
    kids = _children(layout)
    down = {
        joint
        for joint in kids
        if any(kinds[part[j]][0] == 'leg' for j in _branch(kids, joint))
    }
    left, right = (find_sides(layout) or ((), ()))[:2]
    points = np.zeros((layout.num_joints, 2))
    for parent, children in kids.items():
        placed: dict[int, int] = defaultdict(int)
        for joint in children:
            (kind, side), limb = kinds[part[joint]], part[joint]
            first = part[parent] != limb
            if kind == 'trunk':
                # Paired joints of the trunk are eyes and ears.
                side, sign = (
                    (joint in left) - (joint in right),
                    1 - 2 * (joint in down),
                )
                step = np.array([0.3 * side, sign * (0.25 if side else 0.9)])
            elif first and kinds[part[parent]][0] != 'trunk':
                step = np.array([-0.3 * side, -2.4])
            else:
                x, y = (_FIRST if first else _LATER)[kind]
                step = np.array([x * side, y])
            turn = 0 if kind == 'trunk' else 0.8 * placed[limb] * (side or 1)
            placed[limb] += 1
            cos, sin = np.cos(turn), np.sin(turn)
            points[joint] = points[parent] + [[cos, -sin], [sin, cos]] @ step
    return points
