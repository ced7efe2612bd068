"""Which bodies of a recording are its at most two persons.

A Kinect reports furniture and reflections as bodies, loses persons and finds
them again under another identity. Two published ways to cope with that are
here: by identity with filters against noise, and by place in the frame.
"""

from __future__ import annotations

import numpy as np

from .skeleton_text import RawSkeleton

MAX_PERSONS = 2
# Source: the preparation of SGN and CTR-GCN (get_raw_denoised_data.py). A
# body seen in so few frames, or wider than this share of its height in so
# many of them, is noise.
NOISE_FRAMES = 11
NOISE_WIDTH = 0.8
NOISE_SHARE = 0.69754
# Source: gen_ntu_rgbd_raw.py of MMAction2 looks at so many bodies per frame.
MAX_SLOTS = 4


def tracked_bodies(raw: RawSkeleton) -> np.ndarray:
    """Choose two persons by identity, most energetic first.

    Noise is dropped unless nothing else is left. The bodies that remain are
    taken from the most energetic on, each into the first person with whom it
    shares no frame: a person who was lost and found again under another
    identity stays one person. Energy is as for :func:`slot_bodies`, without
    the frames in which a body is too wide.

    Args:
        raw (RawSkeleton): The recording.

    Returns:
        np.ndarray: Joints ``(M, T, 25, 3)``, zero where a person is not
        seen; M is 0, 1 or 2.
    """
    tracks = _without_noise(_tracks(raw), raw.num_frames)
    energies = np.array([_steady_energy(track) for track in tracks])
    persons: list[np.ndarray] = []
    for index in np.argsort(-energies, kind='stable'):
        track = tracks[index]
        for person in persons:
            if not (_seen(person) & _seen(track)).any():
                person += track
                break
        else:
            if len(persons) < MAX_PERSONS:
                persons.append(track.copy())
    return _stack(persons, raw)


def slot_bodies(raw: RawSkeleton) -> np.ndarray:
    """Choose the two most energetic of the first four places of a frame.

    This is the rule of MMAction2's ``gen_ntu_rgbd_raw.py``: bodies are told
    apart by their place alone, so that when one is lost the next takes its
    place. Energy is the sum over x, y and z of the standard deviation over
    all frames in which the body is seen and all joints.

    Args:
        raw (RawSkeleton): The recording.

    Returns:
        np.ndarray: Joints ``(M, T, 25, 3)``; M is 0, 1 or 2.
    """
    slots = np.zeros((MAX_SLOTS, raw.num_frames, *raw.joints.shape[1:]))
    inside = raw.slots < MAX_SLOTS
    slots[raw.slots[inside], raw.frames[inside]] = raw.joints[inside]
    energies = np.array([_energy(slot[_seen(slot)]) for slot in slots])
    # Backwards, so that of equals the last comes first, as it does there.
    chosen = np.argsort(energies, kind='stable')[::-1][:MAX_PERSONS]
    return _stack([slots[i] for i in chosen if slots[i].any()], raw)


RULES = dict(tracked=tracked_bodies, slots=slot_bodies)


def _stack(persons: list[np.ndarray], raw: RawSkeleton) -> np.ndarray:
    if persons:
        return np.stack(persons)
    return np.zeros((0, raw.num_frames, *raw.joints.shape[1:]))


def _tracks(raw: RawSkeleton) -> list[np.ndarray]:
    """Joints ``(T, 25, 3)`` of each identity, in order of appearance."""
    tracks: dict[tuple[bytes, int], np.ndarray] = {}
    seen: set[tuple[bytes, int, int]] = set()
    for frame, body, joints in zip(raw.frames, raw.bodies, raw.joints):
        # Two bodies of one frame are two, whatever their identities say.
        copy = 0
        while (body, copy, frame) in seen:
            copy += 1
        seen.add((body, copy, frame))
        track = tracks.get((body, copy))
        if track is None:
            track = np.zeros((raw.num_frames, *joints.shape))
            tracks[body, copy] = track
        track[frame] = joints
    return [track for track in tracks.values() if track.any()]


def _without_noise(
    tracks: list[np.ndarray], num_frames: int
) -> list[np.ndarray]:
    """Drop short tracks, then wide ones, as long as one is left."""
    # Recordings of the set are longer; short ones have no such noise.
    shortest = min(NOISE_FRAMES, num_frames // 3)
    for noise in (
        lambda track: _seen(track).sum() <= shortest,
        lambda track: _wide(track).mean() >= NOISE_SHARE,
    ):
        if len(tracks) > 1:
            kept = [track for track in tracks if not noise(track)]
            tracks = kept or tracks
    return tracks


def _steady_energy(track: np.ndarray) -> float:
    frames = track[_seen(track)]
    steady = frames[~_wide(track)]
    energy = _energy(frames)
    return min(energy, _energy(steady)) if len(steady) else energy


def _energy(frames: np.ndarray) -> float:
    """Sum over x, y, z of the deviation over frames and joints."""
    return float(frames.std(axis=(0, 1)).sum()) if len(frames) else 0.0


def _seen(track: np.ndarray) -> np.ndarray:
    """Frames in which a body is there, ``(T,)``."""
    return np.any(track, axis=(1, 2))


def _wide(track: np.ndarray) -> np.ndarray:
    """Of the frames where a body is seen, those in which it is too wide."""
    width, height, _ = np.ptp(track[_seen(track)], axis=1).T
    return width > NOISE_WIDTH * height
