"""A mixed sample as the figures see it: projected, with a colour per joint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import to_rgba

from ..skeletons import Layout
from ..skeletons.layout import LayoutLike, get_layout
from .body import UNKNOWN
from .body_plane import sample_view
from .style import class_labels

OWN, PARTNER = '#0072B2', '#E69F00'
ROWS = ('own', 'partner', 'mixed')
_SHOWN = 5


@dataclass(frozen=True, eq=False)
class MixedClip:
    """Three clips on paper, frame by frame.

    Args:
        layout (Layout): The layout.
        points (np.ndarray): Joints of own, partner and mixed clip on paper,
            (3, M, T, V, 2); the partner's are those pasted at each frame.
        there (np.ndarray): Whether a person is there, bool, (3, M, T).
        colours (np.ndarray): Colour of each joint, (3, M, T, V, 4).
        weights (np.ndarray): Weight of the partner, (M, T, V).
        source (np.ndarray): Partner's frame at each frame, (T,).
        label (np.ndarray): Soft label (K,).
        classes (list[str]): Names of the classes.
    """

    layout: Layout
    points: np.ndarray
    there: np.ndarray
    colours: np.ndarray
    weights: np.ndarray
    source: np.ndarray
    label: np.ndarray
    classes: list[str]

    @property
    def num_frames(self) -> int:
        """int: Number of frames T."""
        return self.points.shape[2]

    @property
    def is_mixup(self) -> bool:
        """bool: Whether a joint is a blend of both samples."""
        return bool(((self.weights > 0) & (self.weights < 1)).any())

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners of a box around everything, with a margin.

        Returns:
            tuple[np.ndarray, np.ndarray]: Lower left and upper right (2,).
        """
        drawn = self.points[self.there]
        low, high = drawn.min((0, 1)), drawn.max((0, 1))
        margin = 0.06 * (high - low).max() + 1e-6
        return low - margin, high + margin

    def pasted(self) -> np.ndarray:
        """Partner's share of the joints of persons present, at each frame.

        Returns:
            np.ndarray: Shape (T,).
        """
        persons = self.there[0].any(1)
        return self.weights[persons].mean((0, 2))

    def shares(self) -> list[tuple[str, float]]:
        """Largest shares of the label, largest first.

        Returns:
            list[tuple[str, float]]: Name and share; none of share 0.
        """
        order = np.argsort(-self.label, kind='stable')[:_SHOWN].tolist()
        return [
            (self.classes[i], float(self.label[i]))
            for i in order
            if self.label[i] > 0
        ]

    def describe(self) -> str:
        """Say in words what was mixed.

        Returns:
            str: One line.
        """
        if self.is_mixup:
            share = float(self.weights.max())
            return f"Mixup: every joint is {share:.0%} the partner's"
        frames = np.flatnonzero(self.weights.any((0, 2)))
        if not frames.size:
            return 'nothing was pasted'
        pasted = set(np.flatnonzero(self.weights.any((0, 1))).tolist())
        whole = [
            name
            for name, joints in zip(self.layout.part_names, self.layout.parts)
            if pasted >= set(joints)
        ]
        exact = {
            j
            for p, js in enumerate(self.layout.parts)
            for j in js
            if self.layout.part_names[p] in whole
        } == pasted
        what = ', '.join(whole).replace('_', ' ')
        what = what if exact else f'{len(pasted)} joints'
        used = self.source[frames]
        return (
            f'Cut-Mix: {what} of the partner, its frames {used.min()} to '
            f'{used.max()}, in frames {frames[0]} to {frames[-1]}'
        )


def read_mixed_clip(
    own: np.ndarray,
    partner: np.ndarray,
    mixed: np.ndarray,
    *,
    weights: np.ndarray,
    source: np.ndarray,
    label: np.ndarray,
    classes: Sequence[str] | None,
    layout: LayoutLike,
) -> MixedClip:
    """Check a mixed sample, project it and colour it.

    Args:
        own (np.ndarray): Sample that is kept, (M, T, V, C).
        partner (np.ndarray): Sample that is pasted, (M, T, V, C).
        mixed (np.ndarray): The mixture, (M, T, V, C).
        weights (np.ndarray): Weight of the partner, (M, T, V).
        source (np.ndarray): Partner's frame at each frame, (T,).
        label (np.ndarray): Soft label (K,).
        classes (Sequence[str], optional): Names of the classes; None shows
            indices.
        layout (str or dict or Layout): The joint layout.

    Returns:
        MixedClip: What there is to draw.

    Raises:
        ValueError: If shapes disagree, weights leave [0, 1], source names a
            frame that is not there, or no person is present.
    """
    layout = get_layout(layout)
    clips = [np.asarray(c, dtype=np.float64) for c in (own, partner, mixed)]
    _check(clips, np.asarray(weights), np.asarray(source), layout)
    weights, source = np.array(weights, np.float64), np.asarray(source, int)
    label = np.asarray(label, dtype=np.float64)
    clips[1] = clips[1][:, source]
    view = sample_view(clips[0], layout)
    there = np.stack([clip.any((2, 3)) for clip in clips])
    shown = np.broadcast_to(there[..., None], (3, *weights.shape))
    kept = np.where(shown[0], 1 - weights, 0)
    used = np.where(shown[1], weights, 0)
    return MixedClip(
        layout=layout,
        points=np.stack([view.project(clip) for clip in clips]),
        there=there,
        colours=np.stack(
            [
                _between(UNKNOWN, OWN, kept),
                _between(UNKNOWN, PARTNER, used),
                _between(OWN, PARTNER, weights),
            ]
        ),
        weights=weights,
        source=source,
        label=label,
        classes=class_labels(classes, len(label)),
    )


def _check(
    clips: Sequence[np.ndarray],
    weights: np.ndarray,
    source: np.ndarray,
    layout: Layout,
) -> None:
    shape = clips[0].shape
    for name, clip in zip(ROWS, clips):
        if clip.ndim != 4 or clip.shape != shape or clip.shape[3] < 2:
            raise ValueError(
                f'{name} must be (M, T, V, C) and of the shape of own, got '
                f'{clip.shape} where own has {shape}'
            )
        if not np.isfinite(clip).all():
            raise ValueError(f'{name} has coordinates that are not finite')
    layout.check_joints(shape[2], 'the clip')
    if weights.shape != shape[:3]:
        raise ValueError(
            f'weights has shape {weights.shape}, expected {shape[:3]}'
        )
    if not ((weights >= 0) & (weights <= 1)).all():
        raise ValueError('weights must lie between 0 and 1')
    if source.shape != shape[1:2]:
        raise ValueError(
            f'source has shape {source.shape}, expected {shape[1:2]}'
        )
    if not ((source >= 0) & (source < shape[1])).all():
        raise ValueError(
            f'source must name frames in 0..{shape[1] - 1}, got '
            f'{source.min()} to {source.max()}'
        )


def _between(first: str, second: str, weight: np.ndarray) -> np.ndarray:
    start, end = np.array(to_rgba(first)), np.array(to_rgba(second))
    return start + (end - start) * weight[..., None]
