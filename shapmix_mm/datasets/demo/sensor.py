"""Where people stand before the depth sensor, and what it gets wrong."""

from __future__ import annotations

import numpy as np

_STEADY = (0, 1, 2, 3, 4, 8, 12, 16, 20)
_SHAKY = (7, 11, 15, 19, 21, 22, 23, 24)
#: Joints that the sensor loses together: hands and feet.
_LOST_TOGETHER = ((7, 21, 22), (11, 23, 24), (14, 15), (18, 19))


def turn(points: np.ndarray, degrees: float) -> np.ndarray:
    """Turn points about the vertical axis.

    Args:
        points (np.ndarray): (..., 3) positions.
        degrees (float): Angle; 90 turns the back's direction (+z) to +x.

    Returns:
        np.ndarray: Turned points.
    """
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return points @ np.array(((c, 0, -s), (0, 1, 0), (s, 0, c)))


def place(
    rng: np.random.RandomState,
    people: list[np.ndarray],
    heights: list[float],
    *,
    yaw: float,
) -> np.ndarray:
    """Put one or two people into camera space.

    One person faces the sensor; two face each other across its line of
    sight. Then the scene is turned by up to ``yaw`` to either side.

    Args:
        rng (np.random.RandomState): Source of randomness.
        people (list[np.ndarray]): (T, 25, 3) positions of each, spine base
            at the origin.
        heights (list[float]): Height of each spine base above the floor.
        yaw (float): Largest turn of the scene in degrees.

    Returns:
        np.ndarray: (M, T, 25, 3) positions in camera space, in metres.
    """
    frames = len(people[0])
    gap = rng.uniform(0.8, 1.2)
    scene = []
    for i, (points, height) in enumerate(zip(people, heights)):
        spot = np.array((0, height, 0)) + _drift(rng, frames)[:, None]
        facing = rng.normal(0, 5)
        if len(people) == 2:
            side = 2 * i - 1
            spot = spot + (side * gap / 2, 0, rng.normal(0, 0.05))
            facing += 90 * side
        scene.append(turn(points, facing) + spot)
    where = rng.uniform((-0.5, -1.1, 2.4), (0.5, -0.7, 4.2))
    return turn(np.stack(scene), rng.uniform(-yaw, yaw)) + where


def _drift(rng: np.random.RandomState, frames: int) -> np.ndarray:
    """Slow wander of the body's centre, (T, 3) metres."""
    time = np.linspace(0, 1, frames)[:, None]
    phase, rate = rng.uniform(0, 1, 3), rng.uniform(0.3, 1.5, 3)
    size = rng.uniform(0, (0.03, 0.006, 0.03))
    return size * np.cos(2 * np.pi * (rate * time + phase))


def add_sensor_noise(
    rng: np.random.RandomState,
    points: np.ndarray,
    *,
    noise: float,
    dropout: float,
) -> np.ndarray:
    """Add jitter, and lose hands and feet for a few frames.

    A lost joint stays where it was last seen or jumps aside, as an inferred
    Kinect joint does; it never falls to zero.

    Args:
        rng (np.random.RandomState): Source of randomness.
        points (np.ndarray): (M, T, 25, 3) positions.
        noise (float): Standard deviation of the jitter of an elbow or knee
            in metres; trunk joints have less, hands and feet more.
        dropout (float): Chance that a hand or foot is lost once in a clip.

    Returns:
        np.ndarray: Noisy positions, a new array.
    """
    scale = np.ones((points.shape[-2], 1))
    scale[list(_STEADY)] = 0.6
    scale[list(_SHAKY)] = 1.6
    noisy = points + noise * scale * rng.normal(size=points.shape)
    frames = points.shape[1]
    for person in noisy:
        for joints in _LOST_TOGETHER:
            if rng.uniform() < dropout:
                first = rng.randint(1, max(2, frames - 2))
                lost = person[first : first + rng.randint(2, 7)]
                lost[:, joints] = person[first - 1, joints]
                lost[:, joints] += (rng.uniform() < 0.5) * rng.normal(
                    0, 0.12, 3
                )
    return noisy
