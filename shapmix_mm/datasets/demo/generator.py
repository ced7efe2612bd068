"""The demo set: long-tailed training and balanced test split of motions.

The set is made from a seed alone, so that the main job can be tried without
any download. Both splits have performers of their own.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from tqdm import tqdm

from .body import body_offsets, forward_kinematics, standing_height
from .classes import ACTIONS, Action
from .motion import draw_clock, draw_posture, person_angles
from .sensor import add_sensor_noise, place
from .settings import VERSION, DemoSettings

FRAMES_PER_SECOND = 20
_SPLITS = ('train', 'test')
_PERFORMERS = {'train': (1, 20), 'test': (21, 30)}
_CAMERAS = 3


def make_demo(
    settings: DemoSettings | None = None, *, progress: bool = False
) -> dict[str, Any]:
    """Make the demo set.

    Args:
        settings (DemoSettings, optional): Size and difficulty. Defaults to
            None, all defaults.
        progress (bool): Whether to show a progress bar on a terminal.
            Defaults to False.

    Returns:
        dict: MMAction2's ``split`` and ``annotations``, and ``classes``,
        ``salient_parts`` (class name -> part names), ``settings``, ``seed``
        and ``version``.
    """
    settings = settings or DemoSettings()
    counts = {
        'train': settings.train_counts(),
        'test': [settings.test_per_class] * len(ACTIONS),
    }
    todo = [
        (split, label, i)
        for split in _SPLITS
        for label, count in enumerate(counts[split])
        for i in range(count)
    ]
    split: dict[str, list[str]] = {name: [] for name in _SPLITS}
    annotations = []
    for name, label, i in tqdm(
        todo, desc='demo set', unit='clip', disable=None if progress else True
    ):
        sample = make_sample(settings, name, label, i)
        split[name].append(sample['frame_dir'])
        annotations.append(sample)
    return dict(
        split=split,
        annotations=annotations,
        classes=[action.name for action in ACTIONS],
        salient_parts={a.name: list(a.salient_parts) for a in ACTIONS},
        settings=asdict(settings),
        seed=settings.seed,
        version=VERSION,
    )


def make_sample(
    settings: DemoSettings, split: str, label: int, index: int
) -> dict[str, Any]:
    """Make one clip; it depends on no other clip.

    Args:
        settings (DemoSettings): Difficulty; the sizes play no part.
        split (str): 'train' or 'test'.
        label (int): Class index.
        index (int): Number of the clip within its class and split.

    Returns:
        dict: ``frame_dir`` (a name in NTU form), ``label``, ``total_frames``
        and ``keypoint`` (M, T, 25, 3) float32 in metres.
    """
    # RandomState's streams are frozen; a Generator's may change with numpy.
    which = _SPLITS.index(split)
    rng = np.random.RandomState([settings.seed, which, label, index])
    first, last = _PERFORMERS[split]
    performer, partner = first + rng.permutation(last - first + 1)[:2]
    camera = 1 + rng.randint(_CAMERAS)
    points, heights = draw_people(
        rng, ACTIONS[label], settings, (performer, partner)
    )
    scene = place(rng, points, heights, yaw=settings.yaw)
    scene = add_sensor_noise(
        rng, scene, noise=settings.noise, dropout=settings.dropout
    )
    scene = scene[rng.permutation(len(scene))]
    return dict(
        frame_dir=f'S{which + 1:03d}C{camera:03d}P{performer:03d}'
        f'R{index + 1:03d}A{label + 1:03d}',
        label=label,
        total_frames=scene.shape[1],
        # A tenth of a millimetre hides how libraries round a sine.
        keypoint=scene.round(4).astype(np.float32),
    )


def draw_people(
    rng: np.random.RandomState,
    action: Action,
    settings: DemoSettings,
    performers: tuple[int, int],
) -> tuple[list[np.ndarray], list[float]]:
    """Draw the motion of a class before the sensor comes into play.

    Args:
        rng (np.random.RandomState): Source of randomness.
        action (Action): The class.
        settings (DemoSettings): Difficulty.
        performers (tuple[int, int]): Numbers of the actor and the partner.

    Returns:
        tuple[list[np.ndarray], list[float]]: For each person (T, 25, 3)
        positions with the spine base at the origin, and the height of the
        spine base above the floor.
    """
    short, long = settings.frames
    time = np.arange(rng.randint(short, long + 1)) / FRAMES_PER_SECOND
    clock = draw_clock(rng, float(time[-1]), settings.amplitude)
    roles = [action.roles]
    if action.partner is not None:
        roles.append(action.partner)
    points, heights = [], []
    for role, number in zip(roles, performers):
        offsets, posture = draw_performer(settings.seed, number)
        angles = person_angles(
            rng, time, role, clock, posture=posture, nuisance=settings.nuisance
        )
        points.append(forward_kinematics(offsets, angles))
        heights.append(standing_height(offsets))
    return points, heights


def draw_performer(seed: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Body and habitual posture of a performer.

    Args:
        seed (int): Seed of the demo set.
        number (int): Number of the performer.

    Returns:
        tuple[np.ndarray, np.ndarray]: (25, 3) bone vectors in metres and
        (len(DOFS),) resting angles in degrees.
    """
    rng = np.random.RandomState([seed, 2, number])
    groups = ('spine', 'head', 'width', 'arm', 'leg')
    factors = dict(zip(groups, rng.uniform(0.93, 1.07, len(groups))))
    stature = rng.uniform(1.52, 1.92)
    return body_offsets(stature, **factors), draw_posture(rng)
