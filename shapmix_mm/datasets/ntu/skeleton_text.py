"""The text of a ``.skeleton`` file, read strictly.

A file holds the number of frames; for each frame the number of bodies; for
each body a line of 10 fields, the first of which identifies the body, the
number of joints, and a line of 12 fields per joint, the first three of which
are its x, y and z in metres. Source: Matlab/read_skeleton_file.m of
github.com/shahroudy/NTURGB-D.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from ..preparation import UnusableFile

NUM_JOINTS = 25
_BODY_FIELDS, _JOINT_FIELDS = 10, 12
_COUNT = re.compile(rb'\d{1,9}')


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
