"""The text of a ``.skeleton`` file of NTU RGB+D, and whose bodies it holds.

A file holds the number of frames; for each frame the number of bodies; for
each body a line of 10 fields, the first of which identifies the body, the
number of joints, and a line of 12 fields per joint, the first three of which
are its x, y and z in metres. Source: Matlab/read_skeleton_file.m of
github.com/shahroudy/NTURGB-D.

A Kinect reports furniture and reflections as bodies, loses persons and finds
them again under another identity. Two published ways to cope with that are
here: by identity with filters against noise, and by place in the frame.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from .skipped import UnusableFile

NUM_JOINTS = 25
_BODY_FIELDS, _JOINT_FIELDS = 10, 12
_COUNT = re.compile(rb'\d{1,9}')
MAX_PERSONS = 2
# Source: the preparation of SGN and CTR-GCN (get_raw_denoised_data.py). A
# body seen in so few frames, or wider than this share of its height in so
# many of them, is noise.
NOISE_FRAMES = 11
NOISE_WIDTH = 0.8
NOISE_SHARE = 0.69754
# Source: gen_ntu_rgbd_raw.py of MMAction2 looks at so many bodies per frame.
MAX_SLOTS = 4


class RawSkeleton(NamedTuple):
    """All B bodies of all frames, in the order of the file.

    Args:
        num_frames (int): Frames T.
        frames (np.ndarray): Frame of each body, ``(B,)``.
        slots (np.ndarray): Its place among the bodies of its frame, ``(B,)``.
        bodies (list[bytes]): Its identity, B entries.
        joints (np.ndarray): Its joints in metres, float64, ``(B, 25, 3)``.
    """

    num_frames: int
    frames: np.ndarray
    slots: np.ndarray
    bodies: list[bytes]
    joints: np.ndarray


def parse_skeleton(content: bytes) -> RawSkeleton:
    """Read a ``.skeleton`` file.

    Args:
        content (bytes): The text.

    Returns:
        RawSkeleton: Its bodies, of which there may be none.

    Raises:
        UnusableFile: If the text ends too early, goes on too long, holds
            something else than numbers where x, y, z or a count stand, or
            has another number of joints.
    """
    reader = _Reader(content)
    num_frames = reader.count('frames')
    frames: list[int] = []
    slots: list[int] = []
    bodies: list[bytes] = []
    rows: list[list[bytes]] = []
    for frame in range(num_frames):
        for slot in range(reader.count('bodies')):
            bodies.append(reader.fields(_BODY_FIELDS)[0])
            reader.expect_joints()
            rows += [reader.fields(_JOINT_FIELDS) for _ in range(NUM_JOINTS)]
            frames.append(frame)
            slots.append(slot)
    reader.finish(num_frames)
    return RawSkeleton(
        num_frames,
        np.array(frames, dtype=np.int64),
        np.array(slots, dtype=np.int64),
        bodies,
        _coordinates(rows).reshape(-1, NUM_JOINTS, 3),
    )


def _coordinates(rows: list[list[bytes]]) -> np.ndarray:
    """First three fields of every joint, checked, ``(B * 25, 3)``."""
    try:
        values = [_number(text) for row in rows for text in row[:3]]
    except ValueError as error:
        # float() says which text it could not read.
        raise UnusableFile('not a number', str(error)) from error
    joints = np.array(values, dtype=np.float64)
    # What float32 cannot hold fits no pickle; far beyond, squares overflow.
    with np.errstate(over='ignore'):
        wrong = np.flatnonzero(~np.isfinite(joints.astype(np.float32)))
    if wrong.size:
        row = rows[int(wrong[0]) // 3]
        text = b' '.join(row[:3]).decode('ascii', 'backslashreplace')
        raise UnusableFile('not finite', f'a joint lies at {text}')
    return joints


def _number(text: bytes) -> float:
    # To float() 1_0 is 10, as in Python's own source.
    if b'_' in text:
        raise ValueError(f'could not convert string to float: {text!r}')
    return float(text)


class _Reader:
    """Takes a text line by line, and knows whether it was cut.

    Args:
        content (bytes): The text.
    """

    def __init__(self, content: bytes) -> None:
        self.lines = content.rstrip().splitlines()
        self.at = 0

    def line(self) -> bytes:
        """Take the next line."""
        if self.at >= len(self.lines):
            if not self.lines:
                raise UnusableFile('empty', 'no text')
            raise UnusableFile(
                'truncated', f'ends after line {len(self.lines)}'
            )
        self.at += 1
        return self.lines[self.at - 1]

    def count(self, noun: str) -> int:
        """Take a line that holds one count."""
        text = self.line().strip()
        if _COUNT.fullmatch(text) is None:
            shown = ascii(text[:40])[1:]
            raise UnusableFile(
                'not a number', f'line {self.at}: number of {noun}: {shown}'
            )
        return int(text)

    def fields(self, expected: int) -> list[bytes]:
        """Take a line of so many fields."""
        fields = self.line().split()
        if len(fields) != expected:
            self.fail(
                'malformed', f'{len(fields)} fields instead of {expected}'
            )
        return fields

    def expect_joints(self) -> None:
        """Take the line that says 25 joints."""
        number = self.count('joints')
        if number != NUM_JOINTS:
            self.fail('wrong joint count', f'{number} instead of {NUM_JOINTS}')

    def finish(self, num_frames: int) -> None:
        """See to it that nothing is left."""
        if self.at < len(self.lines):
            raise UnusableFile(
                'malformed', f'goes on after its {num_frames} frames'
            )

    def fail(self, reason: str, what: str) -> None:
        """Say what is wrong with the line taken last."""
        # Half a line is wrong in any way, but what made it so is the cut.
        if self.at == len(self.lines):
            reason = 'truncated'
        raise UnusableFile(reason, f'line {self.at}: {what}')


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
