"""Clips of skeletons on paper: mixed samples, and what a model makes of one.

A joint of a mixture has the colour of the sample that it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..skeletons import Layout, get_layout
from ..skeletons.layout import LayoutLike
from .body import UNKNOWN, draw_body, sample_view
from .style import (
    PART_COLOURS,
    class_labels,
    head_line,
    new_figure,
    save_figure,
    write_gif,
)

OWN, PARTNER = '#0072B2', '#E69F00'
ROWS = ('own', 'partner', 'mixed')
_SHOWN = 5
_TALL = 1.55


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
        shares (list[tuple]): Name of each class of the label, the share of
            the sample itself in it, and that of the partner.
    """

    layout: Layout
    points: np.ndarray
    there: np.ndarray
    colours: np.ndarray
    weights: np.ndarray
    source: np.ndarray
    shares: list[tuple[str, float, float]]

    def pasted(self) -> np.ndarray:
        """Partner's share of the joints of persons present, at each frame.

        Returns:
            np.ndarray: Shape (T,).
        """
        persons = self.there[0].any(1)
        return self.weights[persons].mean((0, 2))

    def describe(self) -> str:
        """Say in words what was mixed.

        Returns:
            str: One line.
        """
        if ((self.weights > 0) & (self.weights < 1)).any():
            share = float(self.weights.max())
            return f"Mixup: every joint is {share:.0%} the partner's"
        frames = np.flatnonzero(self.weights.any((0, 2)))
        if not frames.size:
            return 'nothing was pasted'
        pasted = set(np.flatnonzero(self.weights.any((0, 1))).tolist())
        whole = {
            name: joints
            for name, joints in zip(self.layout.part_names, self.layout.parts)
            if pasted >= set(joints)
        }
        exact = sum(map(len, whole.values())) == len(pasted)
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
    layout: LayoutLike,
    classes: Sequence[str] | None = None,
    own_class: int | None = None,
) -> MixedClip:
    """Check a mixed sample, project it and colour it.

    Args:
        own (np.ndarray): Sample that is kept, (M, T, V, C).
        partner (np.ndarray): Sample that is pasted, (M, T, V, C).
        mixed (np.ndarray): The mixture, (M, T, V, C).
        weights (np.ndarray): Weight of the partner, (M, T, V).
        source (np.ndarray): Partner's frame at each frame, (T,).
        label (np.ndarray): Soft label (K,).
        layout (str or dict or Layout): The joint layout.
        classes (Sequence[str], optional): Names of the classes. Defaults to
            None, which shows indices.
        own_class (int, optional): Class of the sample that is kept. Defaults
            to None: the label does not tell own from partner.

    Returns:
        MixedClip: What there is to draw.

    Raises:
        ValueError: If shapes disagree, weights leave [0, 1], source names a
            frame that is not there, or no person is present.
    """
    layout = get_layout(layout)
    clips = [np.asarray(c, dtype=np.float64) for c in (own, partner, mixed)]
    weights, source = np.array(weights, np.float64), np.asarray(source)
    _check(clips, weights, source, layout)
    clips[1] = clips[1][:, source]
    there = np.stack([clip.any((2, 3)) for clip in clips])
    shown = there[..., None]
    colours = (
        _between(UNKNOWN, OWN, shown[0] * (1 - weights)),
        _between(UNKNOWN, PARTNER, shown[1] * weights),
        _between(OWN, PARTNER, weights),
    )
    points = sample_view(clips[0], layout).project(np.stack(clips))
    clip = MixedClip(
        layout, points, there, np.stack(colours), weights, source, []
    )
    names = class_labels(classes, len(label))
    best = np.argsort(-np.asarray(label), kind='stable')[:_SHOWN].tolist()
    for index in best:
        share = float(label[index])
        given = share if index == own_class else 0.0
        # What two samples of one class give it is told by what was pasted.
        if given > 0.999:
            given -= float(clip.pasted().mean())
        if share > 0:
            clip.shares.append((names[index], given, share - given))
    return clip


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
    for name, got, expected in (
        ('weights', weights.shape, shape[:3]),
        ('source', source.shape, shape[1:2]),
    ):
        if got != expected:
            raise ValueError(f'{name} has shape {got}, expected {expected}')
    if not ((weights >= 0) & (weights <= 1)).all():
        raise ValueError('weights must lie between 0 and 1')
    if not ((source >= 0) & (source < shape[1])).all():
        raise ValueError(
            f'source must name frames in 0..{shape[1] - 1}, got '
            f'{source.min()} to {source.max()}'
        )


def _between(first: str, second: str, weight: np.ndarray) -> np.ndarray:
    start, end = np.array(to_rgba(first)), np.array(to_rgba(second))
    return start + (end - start) * weight[..., None]


def _bounds(points: np.ndarray) -> np.ndarray:
    """Lower left and upper right of bodies (N, V, 2), with a margin."""
    low, high = points.min((0, 1)), points.max((0, 1))
    margin = 0.06 * (high - low).max() + 1e-6
    return np.stack([low - margin, high + margin])


def _panel(axes: Axes, bounds: np.ndarray) -> None:
    """Make a panel in which one unit is as long on both axes."""
    (left, low), (right, high) = bounds
    axes.set(xticks=[], yticks=[], aspect='equal')
    axes.set(xlim=(left, right), ylim=(low, high))
    axes.spines[:].set_color('#DDDDDD')


def _width(bounds: np.ndarray) -> float:
    """Width of a panel of height 1 that suits the bodies."""
    wide, tall = bounds[1] - bounds[0]
    return float(np.clip(wide / tall, 0.5, 1.4))


def plot_mixed_sample(
    own: np.ndarray,
    partner: np.ndarray,
    mixed: np.ndarray,
    path: str | Path,
    *,
    frames: int = 8,
    **sample: Any,
) -> Path:
    """Draw frames of both samples and of their mixture, and the soft label.

    The upper rows show the sample itself and the partner's frame that falls
    on each frame, with what does not reach the mixture in grey; the lowest
    row the mixture, in the colours of both, blended by weight for Mixup.

    Args:
        own (np.ndarray): Joints of the sample, (M, T, V, C).
        partner (np.ndarray): Joints of its partner, (M, T, V, C).
        mixed (np.ndarray): Joints of the mixture, (M, T, V, C).
        path (str | Path): Image to write; the suffix chooses the format.
        frames (int): Frames side by side, at most T. Defaults to 8.
        **sample (Any): The other arguments of :func:`read_mixed_clip`.

    Returns:
        Path: The image.

    Raises:
        ValueError: As :func:`read_mixed_clip`.
    """
    clip = read_mixed_clip(own, partner, mixed, **sample)
    if frames < 1:
        raise ValueError(f'frames must be at least 1, got {frames}')
    length = len(clip.source)
    shown = _spread(length, min(frames, length))
    figure, axes = _sheet(clip, len(shown), 1.0)
    bounds = _bounds(clip.points[clip.there])
    for column, frame in enumerate(shown):
        for row, name in enumerate(ROWS):
            panel = axes[f'{name} {column}']
            _draw_frame(panel, clip, bounds, row, frame)
            note = f'{clip.source[frame]}' if row == 1 else f'{frame}'
            if row != 1 or clip.weights[:, frame].any():
                where: dict[str, Any] = dict(transform=panel.transAxes)
                panel.text(0.04, 0.97, note, fontsize=7.5, va='top', **where)
            if not column:
                panel.set_ylabel(name)
    _draw_time(axes['time'], clip, shown)
    return save_figure(figure, path)


def animate_mixed_sample(
    own: np.ndarray,
    partner: np.ndarray,
    mixed: np.ndarray,
    path: str | Path,
    *,
    fps: int = 10,
    **sample: Any,
) -> Path:
    """Write a mixed sample as an animated GIF, one image per frame.

    Args:
        own (np.ndarray): Joints of the sample, (M, T, V, C).
        partner (np.ndarray): Joints of its partner, (M, T, V, C).
        mixed (np.ndarray): Joints of the mixture, (M, T, V, C).
        path (str | Path): GIF to write.
        fps (int): Frames per second. Defaults to 10.
        **sample (Any): The other arguments of :func:`read_mixed_clip`.

    Returns:
        Path: The GIF.

    Raises:
        ValueError: As :func:`read_mixed_clip`, or if the file's name does
            not end in ``.gif``.
    """
    clip = read_mixed_clip(own, partner, mixed, **sample)
    figure, axes = _sheet(clip, 0, 1.3)
    bounds = _bounds(clip.points[clip.there])

    def draw(frame: int) -> None:
        for row, name in enumerate(ROWS):
            axes[name].clear()
            _draw_frame(axes[name], clip, bounds, row, frame)
            used = row != 1 or clip.weights[:, frame].any()
            shown = clip.source[frame] if row == 1 else frame
            text = f'frame {shown}' if used else 'not used'
            axes[name].set_title(f'{name}, {text}', fontsize=9, pad=3)
        axes['time'].clear()
        _draw_time(axes['time'], clip, [frame])

    draw(0)
    return write_gif(figure, path, len(clip.source), draw, fps)


def _sheet(
    clip: MixedClip, columns: int, scale: float
) -> tuple[Figure, dict[str, Axes]]:
    """Rows of ``columns`` panels, or one row of three panels for none.

    The strip of time lies below them, the label beside them.
    """
    if columns:
        rows = [[f'{name} {c}' for c in range(columns)] for name in ROWS]
    else:
        rows, columns = [list(ROWS)], 3
    tall = scale * _TALL
    wide = tall * _width(_bounds(clip.points[clip.there]))
    size = columns * (wide + 0.06) + 3.2, len(rows) * tall + 1.8
    figure = new_figure(size, w_pad=0.03, h_pad=0.03, hspace=0, wspace=0)
    mosaic: Any = [[*row, 'label'] for row in rows]
    axes = figure.subplot_mosaic(
        [*mosaic, [*['time'] * columns, '.']],
        width_ratios=[*[wide] * columns, 2.6],
        height_ratios=[*[tall] * len(rows), 0.45],
    )
    _draw_label(axes['label'], clip.shares)
    named = (
        (OWN, 'the sample itself'),
        (PARTNER, 'its partner'),
        (UNKNOWN, 'left out'),
    )
    handles = [Patch(color=colour, label=name) for colour, name in named]
    head_line(figure, clip.describe(), handles, size[0])
    return figure, axes


def _draw_frame(
    axes: Axes, clip: MixedClip, bounds: np.ndarray, row: int, frame: int
) -> None:
    """Draw the persons of one frame of a row."""
    _panel(axes, bounds)
    for person in np.flatnonzero(clip.there[row, :, frame]).tolist():
        where = row, person, frame
        points, colours = clip.points[where], clip.colours[where]
        draw_body(axes, points, clip.layout, colours, width=2.4)


def _draw_time(axes: Axes, clip: MixedClip, shown: Sequence[int]) -> None:
    """Draw the partner's share at each frame, and which frames are drawn."""
    steps = np.arange(len(clip.source))
    look: dict[str, Any] = dict(width=1, linewidth=0)
    axes.bar(steps, np.ones(len(steps)), color=OWN, **look)
    axes.bar(steps, clip.pasted(), color=PARTNER, **look)
    for frame in shown:
        axes.axvline(frame, color='black', linewidth=1)
    axes.set(xlim=(-0.5, len(steps) - 0.5), ylim=(0, 1), yticks=[0, 1])
    axes.tick_params(labelsize=7.5, length=2)
    axes.set_xlabel('frame; height: share of joints', fontsize=8, labelpad=1)


def _draw_label(
    axes: Axes, shares: Sequence[tuple[str, float, float]]
) -> None:
    """Draw a soft label as bars, names above, by whose class it is."""
    for row, (name, own, other) in enumerate(shares):
        look: dict[str, Any] = dict(height=0.3, linewidth=0)
        axes.barh(row + 0.25, own, color=OWN, **look)
        axes.barh(row + 0.25, other, left=own, color=PARTNER, **look)
        text = f'{name}: {own + other:.0%}'
        axes.text(0, row + 0.06, text, fontsize=8.5, va='bottom')
    axes.set(xlim=(0, 1), ylim=(max(len(shares), 4) - 0.3, -0.5))
    axes.set_title('soft label', fontsize=9, loc='left')
    axes.set_axis_off()


def plot_prediction(
    clip: np.ndarray,
    path: str | Path,
    *,
    scores: np.ndarray,
    layout: LayoutLike,
    classes: Sequence[str] | None = None,
    label: int | None = None,
    frames: int = 6,
    fps: int = 10,
) -> Path:
    """Draw a clip and the classes that a recognizer takes it for.

    Parts have colours of their own. The true class, where it is among the
    likeliest, has a filled bar; the title says whether it is the first.

    Args:
        clip (np.ndarray): Joints (M, T, V, C); absent persons are zero.
        path (str | Path): ``.gif`` for an animation of all frames, else an
            image of some.
        scores (np.ndarray): Score of each class (K,), drawn as they are.
        layout (str or dict or Layout): The joint layout.
        classes (Sequence[str], optional): Names of the classes. Defaults to
            None, which shows indices.
        label (int, optional): The true class. Defaults to None: unknown.
        frames (int): Frames of an image side by side. Defaults to 6.
        fps (int): Frames per second of an animation. Defaults to 10.

    Returns:
        Path: What was written.

    Raises:
        ValueError: If shapes disagree or no person is there.
    """
    layout, path = get_layout(layout), Path(path)
    clip = np.nan_to_num(np.asarray(clip, dtype=np.float64))
    layout.check_joints(clip.shape[2], 'the clip')
    points = sample_view(clip, layout).project(clip)
    there, length = (clip != 0).any((2, 3)), clip.shape[1]
    moving = path.suffix.lower() == '.gif'
    number = 1 if moving else min(frames, length)
    bounds, tall = _bounds(points[there]), 2.6 if moving else 1.9
    widths = [*[tall * _width(bounds)] * number, 2.6]
    figure = new_figure((sum(widths) + 0.6, tall + 0.8))
    *panels, side = figure.subplots(1, number + 1, width_ratios=widths)
    _draw_scores(side, np.asarray(scores), classes, label)

    def draw(frame: int, axes: Axes) -> None:
        axes.clear()
        _panel(axes, bounds)
        axes.set_title(f'frame {frame}', fontsize=8, pad=3)
        for person in np.flatnonzero(there[:, frame]).tolist():
            where = points[person, frame]
            draw_body(axes, where, layout, _part_colours(layout))

    for axes, frame in zip(panels, _spread(length, number)):
        draw(frame, axes)
    if not moving:
        return save_figure(figure, path)
    return write_gif(figure, path, length, partial(draw, axes=panels[0]), fps)


def _spread(length: int, number: int) -> list[int]:
    """Frames at equal distances, from the first to the last."""
    return np.linspace(0, length - 1, number).round().astype(int).tolist()


def _part_colours(layout: Layout) -> np.ndarray:
    """Colour of each joint, by its part, (V, 4)."""
    colours = np.empty((layout.num_joints, 4))
    for part, joints in enumerate(layout.parts):
        colours[list(joints)] = to_rgba(PART_COLOURS[part % len(PART_COLOURS)])
    return colours


def _draw_scores(
    axes: Axes,
    scores: np.ndarray,
    classes: Sequence[str] | None,
    label: int | None,
) -> None:
    """Draw the largest scores as bars, names above; the title judges."""
    names = class_labels(classes, len(scores))
    title = f'predicted: {names[int(scores.argmax())]}'
    if label is not None:
        right = int(scores.argmax()) == label
        title += ' (right)' if right else f'; true: {names[label]}'
    figure: Any = axes.get_figure()
    head_line(figure, title, [], figure.get_figwidth())
    best = np.argsort(-scores, kind='stable')[:_SHOWN].tolist()
    for row, index in enumerate(best):
        true = index == label
        axes.barh(
            row + 0.25,
            scores[index],
            height=0.3,
            color=OWN if true else UNKNOWN,
            edgecolor=OWN if true else '#999999',
        )
        text = f'{names[index]}: {scores[index]:.3g}'
        axes.text(0, row + 0.06, text, fontsize=8.5, va='bottom')
    low, high = min(0.0, scores[best].min()), max(scores[best].max(), 1e-9)
    axes.set(xlim=(low, 1.02 * high), ylim=(len(best) - 0.4, -0.5))
    axes.set_axis_off()
