"""The two surest persons of every frame, as arrays over time."""

from __future__ import annotations

import numpy as np

MAX_PERSONS = 2


def two_persons(
    poses: np.ndarray, frame_inds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Arrange loose poses by person and frame, at most two in a frame.

    Frames without a pose are left out. Where any frame has more than two
    poses, the two with the largest sums of joint scores stay in every frame,
    the larger first; else they keep their order. This is what MMAction2's
    ``DecompressPose(squeeze=True, max_person=2)`` does.

    Args:
        poses (np.ndarray): x, y and score of N poses, ``(N, V, 3)``.
        frame_inds (np.ndarray): Frame of each pose, ``(N,)``.

    Returns:
        tuple[np.ndarray, np.ndarray]: Coordinates ``(M, T, V, 2)`` and
        scores ``(M, T, V)``, float16, zero where there is no person; T is
        the number of frames with a pose.
    """
    order = np.argsort(frame_inds, kind='stable')
    poses = poses[order].astype(np.float16)
    _, frames, counts = np.unique(
        frame_inds[order], return_inverse=True, return_counts=True
    )
    if counts.size and counts.max() > MAX_PERSONS:
        # The sum in half precision, as there: it can decide a tie.
        surest = -poses[..., 2].sum(-1)
        poses = poses[np.lexsort((surest, frames))]
    first = np.cumsum(counts) - counts
    places = np.arange(len(frames)) - first[frames]
    stays = places < MAX_PERSONS
    persons = min(int(counts.max(initial=0)), MAX_PERSONS)
    arranged = np.zeros(
        (persons, len(counts), *poses.shape[1:]), dtype=np.float16
    )
    arranged[places[stays], frames[stays]] = poses[stays]
    return arranged[..., :2].copy(), arranged[..., 2].copy()
