"""A clip as it comes from a user, and whether a recognizer can take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shapmix_mm.datasets.cache.samples import NAME_KEYS
from shapmix_mm.datasets.pose_checks import (
    pose_faults,
    unusable,
    with_fractions,
)
from shapmix_mm.datasets.prepare.arrays import scored

__all__ = [
    'MIN_FRAMES',
    'Clip',
    'ClipError',
    'annotation_clip',
    'array_clip',
    'check_clip',
]

MIN_FRAMES = 2


class ClipError(ValueError):
    """A clip that no recognizer, or not this one, can take."""


@dataclass(frozen=True)
class Clip:
    """One clip.

    Args:
        name (str): What tables, pages and errors call it.
        annotation (dict): As in an annotation file: ``keypoint`` of shape
            (M, T, V, C), ``total_frames``, and whatever else a pipeline may
            ask for. Joints are in the order of ``joint_names``, or of the
            model where there are none.
        joint_names (tuple[str], optional): Names of the V joints. Defaults
            to None.
        rate (float, optional): Frames in a second. Defaults to None.
        notes (tuple[str]): What a user should know of it. Defaults to ().
        frames (np.ndarray, optional): Numbers of the T frames, ascending;
            nobody was seen in those between. Defaults to None: T frames in a
            row.
    """

    name: str
    annotation: dict[str, Any]
    joint_names: tuple[str, ...] | None = None
    rate: float | None = None
    notes: tuple[str, ...] = ()
    frames: np.ndarray | None = None

    @property
    def keypoint(self) -> np.ndarray:
        """np.ndarray: Coordinates, shape (M, T, V, C)."""
        return self.annotation['keypoint']

    def noted(self, *notes: str) -> Clip:
        """The clip with more notes, each told once.

        Args:
            notes (str): Notes.

        Returns:
            Clip: A copy.
        """
        told = dict.fromkeys((*self.notes, *notes))
        return replace(self, notes=tuple(told))

    def changed(self, **values: Any) -> Clip:
        """The clip with other values in its annotation.

        Args:
            values: Values by their keys.

        Returns:
            Clip: A copy.
        """
        return replace(self, annotation={**self.annotation, **values})


def annotation_clip(
    annotation: Mapping[str, Any], name: str | None = None
) -> Clip:
    """Take a clip from an annotation, which may lack name and length.

    Args:
        annotation (Mapping): With ``keypoint`` at least.
        name (str, optional): Name, where the annotation has none. Defaults
            to None.

    Returns:
        Clip: The clip; its name is in ``frame_dir`` too.

    Raises:
        ClipError: If the annotation has no ``keypoint``.
    """
    own = next((annotation[k] for k in NAME_KEYS if k in annotation), name)
    found = dict(annotation)
    where = str(own or 'clip')
    if 'keypoint' not in found:
        raise ClipError(
            f"{where} lacks the key 'keypoint'; it has "
            f'{sorted(map(str, found))}'
        )
    found['keypoint'] = with_fractions(found['keypoint'])
    shape = np.shape(found['keypoint'])
    found.setdefault('total_frames', shape[1] if len(shape) > 1 else 0)
    if not any(key in found for key in NAME_KEYS):
        found['frame_dir'] = where
    return Clip(where, found)


def array_clip(
    values: np.ndarray,
    name: str = 'clip',
    *,
    score: np.ndarray | None = None,
    img_shape: tuple[int, int] | None = None,
    **more: Any,
) -> Clip:
    """Take a clip from an array.

    Args:
        values (np.ndarray): Coordinates, shape (M, T, V, C) or (T, V, C).
        name (str): Name. Defaults to 'clip'.
        score (np.ndarray, optional): Confidence of 2D joints, shape
            (M, T, V). Defaults to None: 1 where a joint is not zero.
        img_shape (tuple[int, int], optional): Height and width of the image
            in pixels, of 2D joints. Defaults to None: as the pipeline says.
        **more: Further arguments of :class:`Clip`.

    Returns:
        Clip: The clip.

    Raises:
        ClipError: If the array has another shape or holds no numbers.
    """
    pose = np.asarray(values)
    pose = pose[None] if pose.ndim == 3 else pose
    if pose.dtype.kind not in 'fiu' or pose.ndim != 4:
        raise ClipError(
            f'{name} has the shape {np.shape(values)} and the type '
            f'{pose.dtype}, expected numbers of shape (persons, frames, '
            'joints, 2 or 3), or without persons'
        )
    if pose.shape[3] not in (2, 3) or not pose.size:
        raise ClipError(
            f'{name} has the shape {np.shape(values)}, expected (persons, '
            'frames, joints, 2 or 3), or without persons'
        )
    pose = with_fractions(pose)
    found: dict[str, Any] = dict(
        frame_dir=name, total_frames=pose.shape[1], keypoint=pose
    )
    if pose.shape[3] == 2:
        found['keypoint_score'] = scored(pose, score)
    if img_shape is not None:
        found.update(img_shape=img_shape, original_shape=img_shape)
    return Clip(name, found, **more)


def check_clip(clip: Clip) -> None:
    """Refuse a clip of which no recognizer could make anything.

    Args:
        clip (Clip): The clip.

    Raises:
        ClipError: If it is malformed, has values that are not finite or far
            beyond any body, nobody in it, or no more than a frame.
    """
    for fault in pose_faults(clip.annotation):
        raise ClipError(fault.text.replace('{where}', clip.name))
    persons, frames, *_ = clip.keypoint.shape
    what = unusable(clip.annotation)
    if what == 'keypoint zero throughout':
        raise ClipError(f'{clip.name} shows no person: all joints are zero')
    if what:
        raise ClipError(f'{clip.name}: {what}')
    if frames < MIN_FRAMES:
        raise ClipError(
            f'{clip.name} has {frames} frame, which is no motion; expected '
            f'{MIN_FRAMES} or more'
        )
