"""Joint angles over time of a person who acts, sways and fidgets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .body import DOF_INDEX, DOFS, PARTS
from .classes import FAINT, GESTURES, IDLE, Gesture, Roles

_RAMP = 0.35
_SWAY = 3.0
_REST = {'shoulder_abduct': 8, 'elbow': 14, 'knee': 5, 'spine_pitch': 2}
_SPREAD = {
    'shoulder_abduct': 5,
    'shoulder_flex': 8,
    'shoulder_twist': 15,
    'elbow': 10,
    'spine_yaw': 5,
    'neck_pitch': 6,
    'neck_roll': 5,
}
_OTHER_SPREAD = 4.0


class Clock(NamedTuple):
    """When, how fast and how far a gesture is made.

    Attributes:
        pace (float): 0 for a gesture's slowest rate, 1 for its fastest.
        phase (float): Phase in cycles.
        start (float): Onset in seconds, before 0 if the clip cuts it off.
        stop (float): End in seconds.
        amplitude (float): Share of the full swing.
    """

    pace: float
    phase: float
    start: float
    stop: float
    amplitude: float


def short_name(name: str) -> str:
    """Angle name without its side."""
    side, _, rest = name.partition('_')
    return rest if side in ('left', 'right') else name


def draw_clock(
    rng: np.random.RandomState, seconds: float, amplitude: tuple[float, float]
) -> Clock:
    """Draw the timing and the size of a gesture.

    Args:
        rng (np.random.RandomState): Source of randomness.
        seconds (float): Length of the clip.
        amplitude (tuple[float, float]): Smallest and largest share of the
            full swing.

    Returns:
        Clock: The draw.
    """
    return Clock(
        pace=rng.uniform(),
        phase=rng.uniform(),
        start=seconds * rng.uniform(-0.3, 0.3),
        stop=seconds * rng.uniform(0.7, 1.3),
        amplitude=rng.uniform(*amplitude),
    )


def envelope(time: np.ndarray, clock: Clock) -> np.ndarray:
    """How far a gesture has set in, 0 to 1, with smooth ramps.

    Args:
        time (np.ndarray): (T,) seconds.
        clock (Clock): Timing of the gesture.

    Returns:
        np.ndarray: (T,) weights.
    """
    rise = np.clip((time - clock.start) / _RAMP, 0, 1)
    fall = np.clip((clock.stop - time) / _RAMP, 0, 1)
    return rise**2 * (3 - 2 * rise) * fall**2 * (3 - 2 * fall)


def gesture_angles(
    gesture: Gesture, time: np.ndarray, clock: Clock, lag: float = 0.0
) -> dict[str, np.ndarray]:
    """Angles at which a gesture holds a part while it lasts.

    The mean shrinks less than the swing, since a faint gesture is still made
    in about the same pose.

    Args:
        gesture (Gesture): The gesture.
        time (np.ndarray): (T,) seconds.
        clock (Clock): Timing and size.
        lag (float): Phase in cycles added to the clock's. Defaults to 0.

    Returns:
        dict[str, np.ndarray]: Angle name without side -> (T,) degrees.
    """
    slow, fast = gesture.rate
    cycles = (slow + (fast - slow) * clock.pace) * time + clock.phase + lag
    reach, swing_share = np.sqrt(clock.amplitude), clock.amplitude
    return {
        name: mean * reach
        + swing * swing_share * np.cos(2 * np.pi * (cycles + phase))
        for name, (mean, swing, phase) in gesture.swings.items()
    }


def apply_gesture(
    angles: np.ndarray,
    part: str,
    targets: dict[str, np.ndarray],
    weight: np.ndarray,
) -> None:
    """Blend a gesture into the angles of one part, in place.

    Args:
        angles (np.ndarray): (T, len(DOFS)) degrees.
        part (str): Part that makes the gesture.
        targets (dict): Angle name without side -> (T,) degrees.
        weight (np.ndarray): (T,) share of the gesture.
    """
    side = '' if part == 'trunk' else part.split('_')[0] + '_'
    for name, target in targets.items():
        column = angles[:, DOF_INDEX[side + name]]
        column += weight * (target - column)


def draw_posture(rng: np.random.RandomState) -> np.ndarray:
    """Draw where somebody's angles rest, in degrees, (len(DOFS),)."""
    names = [short_name(dof.name) for dof in DOFS]
    rest = np.array([_REST.get(name, 0) for name in names], dtype=float)
    spread = np.array([_SPREAD.get(name, _OTHER_SPREAD) for name in names])
    return rest + spread * rng.normal(size=len(DOFS))


def person_angles(
    rng: np.random.RandomState,
    time: np.ndarray,
    roles: Roles,
    clock: Clock,
    *,
    posture: np.ndarray,
    nuisance: float,
) -> np.ndarray:
    """Angles of a person who makes some gestures and fidgets otherwise.

    What a part does that has no role is drawn from one law for all classes,
    and so are the spine's angles under a role that moves the head alone.

    Args:
        rng (np.random.RandomState): Source of randomness.
        time (np.ndarray): (T,) seconds.
        roles (dict): Part -> (gesture, phase).
        clock (Clock): Timing of the roles.
        posture (np.ndarray): (len(DOFS),) habitual resting angles.
        nuisance (float): Chance of an idle gesture of each part, and scale
            of the sway.

    Returns:
        np.ndarray: (T, len(DOFS)) degrees, not yet held to the limits.
    """
    rest = (posture + draw_posture(rng)) / 2
    angles = rest + nuisance * _sway(rng, time)
    for part in PARTS:
        fidgets = rng.uniform() < nuisance
        if fidgets and (part == 'trunk' or part not in roles):
            _fidget(rng, angles, part, time)
        if part in roles:
            name, lag = roles[part]
            targets = gesture_angles(GESTURES[name], time, clock, lag)
            for angle in targets:
                targets[angle] += 5 * rng.normal()
            apply_gesture(angles, part, targets, envelope(time, clock))
    return angles


def _fidget(
    rng: np.random.RandomState, angles: np.ndarray, part: str, time: np.ndarray
) -> None:
    kind = part.split('_')[-1]
    faint = rng.uniform() < 0.5
    names = FAINT[kind] if faint else IDLE[kind]
    name = names[rng.randint(len(names))]
    clock = draw_clock(
        rng, float(time[-1]), (0.15, 0.45) if faint else (0.6, 1.1)
    )
    targets = gesture_angles(GESTURES[name], time, clock)
    apply_gesture(angles, part, targets, envelope(time, clock))


def _sway(rng: np.random.RandomState, time: np.ndarray) -> np.ndarray:
    """Two slow waves per angle, (T, len(DOFS)) degrees."""
    rate = rng.uniform(0.1, 0.6, (2, 1, len(DOFS)))
    phase = rng.uniform(0, 1, (2, 1, len(DOFS)))
    size = rng.uniform(0, _SWAY, (2, 1, len(DOFS)))
    waves = size * np.cos(2 * np.pi * (rate * time[:, None] + phase))
    return waves.sum(0)
