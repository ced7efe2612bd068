"""Gestures of single body parts, and the demo classes made of them."""

from __future__ import annotations

from dataclasses import dataclass

from .body import PARTS

#: Angle name (without side) -> mean, swing (degrees), phase (cycles).
Swings = dict[str, tuple[float, float, float]]
#: Body part -> gesture name, phase in cycles by which it lags.
Roles = dict[str, tuple[str, float]]


@dataclass(frozen=True)
class Gesture:
    """Periodic motion of one body part.

    While the gesture lasts, an angle follows
    ``mean + swing * cos(2 pi (rate * t + phase))``.

    Attributes:
        rate (tuple[float, float]): Slowest and fastest rate in Hz.
        swings (dict): Angle name -> (mean, swing, phase).
    """

    rate: tuple[float, float]
    swings: Swings


@dataclass(frozen=True)
class Action:
    """One class of the demo set.

    Attributes:
        name (str): Class name.
        roles (dict): What the actor does: part -> (gesture, phase).
        partner (dict, optional): What a second person does; None where
            there is no second person.
    """

    name: str
    roles: Roles
    partner: Roles | None = None

    @property
    def salient_parts(self) -> tuple[str, ...]:
        """tuple[str]: Parts whose motion tells this class, in PARTS order.

        A gesture of the spine carries both arms along, so that they move in
        space as well and count as telling.
        """
        parts = set()
        for part, (gesture, _) in [
            *self.roles.items(),
            *(self.partner or {}).items(),
        ]:
            parts.add(part)
            if any(
                name.startswith(('spine', 'chest'))
                for name in GESTURES[gesture].swings
            ):
                parts |= {'left_arm', 'right_arm'}
        return tuple(part for part in PARTS if part in parts)


GESTURES = {
    'wave': Gesture(
        (1.1, 2.0),
        {
            'shoulder_abduct': (75, 0, 0),
            'shoulder_twist': (-80, 0, 0),
            'elbow': (85, 35, 0),
            'wrist_side': (0, 12, 0.1),
        },
    ),
    'circle': Gesture(
        (1.1, 2.0),
        {
            'shoulder_abduct': (75, 0, 0),
            'shoulder_twist': (-60, 30, 0.25),
            'elbow': (85, 30, 0),
        },
    ),
    'punch': Gesture(
        (0.9, 1.5), {'shoulder_flex': (45, 38, 0), 'elbow': (70, -55, 0)}
    ),
    'raise': Gesture(
        (0.7, 1.2), {'shoulder_abduct': (85, 55, 0), 'elbow': (15, 8, 0.5)}
    ),
    'shake': Gesture(
        (1.2, 2.2), {'shoulder_flex': (45, 12, 0), 'elbow': (45, 18, 0.5)}
    ),
    'slap': Gesture(
        (0.8, 1.4), {'shoulder_flex': (85, 35, 0), 'elbow': (60, -25, 0)}
    ),
    'kick': Gesture(
        (0.8, 1.3),
        {
            'hip_flex': (28, 36, 0),
            'knee': (38, -34, 0.08),
            'ankle': (0, 10, 0.5),
        },
    ),
    'knee_lift': Gesture(
        (0.8, 1.3), {'hip_flex': (38, 38, 0), 'knee': (45, 42, 0)}
    ),
    'nod': Gesture(
        (0.9, 1.7), {'neck_pitch': (10, 30, 0), 'head_pitch': (5, 20, 0)}
    ),
    'tilt': Gesture(
        (0.9, 1.7), {'neck_roll': (0, 31, 0), 'head_roll': (0, 18, 0)}
    ),
    'bow': Gesture(
        (0.4, 0.8),
        {
            'spine_pitch': (26, 24, 0),
            'chest_pitch': (10, 10, 0),
            'neck_pitch': (6, 6, 0),
        },
    ),
    'recoil': Gesture(
        (0.9, 1.5),
        {'spine_pitch': (-12, -11, 0.1), 'chest_pitch': (-6, -5, 0.1)},
    ),
    'scratch': Gesture(
        (1.5, 2.5),
        {
            'shoulder_flex': (70, 4, 0),
            'shoulder_abduct': (40, 5, 0.2),
            'elbow': (130, 8, 0),
        },
    ),
    'akimbo': Gesture(
        (0.2, 0.5),
        {
            'shoulder_abduct': (42, 3, 0),
            'shoulder_flex': (-20, 3, 0.3),
            'shoulder_twist': (55, 4, 0),
            'elbow': (85, 5, 0),
        },
    ),
    'look_at_watch': Gesture(
        (0.2, 0.5),
        {
            'shoulder_flex': (40, 5, 0),
            'shoulder_twist': (55, 5, 0),
            'elbow': (95, 8, 0),
        },
    ),
    'dangle': Gesture(
        (0.6, 1.2), {'shoulder_flex': (0, 24, 0), 'elbow': (18, 10, 0.1)}
    ),
    'step': Gesture(
        (0.4, 0.8), {'hip_abduct': (9, 8, 0), 'knee': (8, 6, 0.5)}
    ),
    'tap': Gesture(
        (1.2, 2.2),
        {'hip_flex': (10, 2, 0), 'knee': (12, 6, 0), 'ankle': (5, 14, 0)},
    ),
    'bend': Gesture(
        (0.4, 0.9), {'hip_flex': (14, 12, 0), 'knee': (26, 22, 0)}
    ),
    'look_down': Gesture(
        (0.2, 0.5), {'neck_pitch': (20, 5, 0), 'head_pitch': (8, 3, 0)}
    ),
    'lean': Gesture(
        (0.3, 0.6), {'spine_roll': (0, 9, 0), 'neck_roll': (0, 6, 0.5)}
    ),
    'turn': Gesture((0.3, 0.6), {'spine_yaw': (0, 14, 0)}),
}

#: Gestures that a part makes now and then, whatever the class: of no class,
#: and faint copies of telling ones.
IDLE = {
    'arm': ('scratch', 'akimbo', 'look_at_watch', 'dangle'),
    'leg': ('step', 'tap', 'bend'),
    'trunk': ('look_down', 'lean', 'turn'),
}
FAINT = {
    'arm': ('wave', 'circle', 'punch', 'shake', 'raise', 'slap'),
    'leg': ('kick', 'knee_lift'),
    'trunk': ('nod', 'tilt', 'bow'),
}

#: In the order of the long tail, the largest class first.
ACTIONS = (
    Action('wave_right', {'right_arm': ('wave', 0)}),
    Action('kick_left', {'left_leg': ('kick', 0)}),
    Action(
        'handshake',
        {'right_arm': ('shake', 0)},
        partner={'right_arm': ('shake', 0)},
    ),
    Action('nod', {'trunk': ('nod', 0)}),
    Action('wave_both', {'left_arm': ('wave', 0), 'right_arm': ('wave', 0)}),
    Action('punch_left', {'left_arm': ('punch', 0)}),
    Action(
        'push_person',
        {'left_arm': ('punch', 0), 'right_arm': ('punch', 0)},
        partner={'trunk': ('recoil', 0)},
    ),
    Action(
        'march',
        {'left_leg': ('knee_lift', 0), 'right_leg': ('knee_lift', 0.5)},
    ),
    Action('bow', {'trunk': ('bow', 0)}),
    Action(
        'kick_left_raise_right',
        {'left_leg': ('kick', 0), 'right_arm': ('raise', 0)},
    ),
    Action(
        'high_five',
        {'right_arm': ('slap', 0)},
        partner={'right_arm': ('slap', 0)},
    ),
    Action('circle_right', {'right_arm': ('circle', 0)}),
    Action('kick_right', {'right_leg': ('kick', 0)}),
    Action('tilt_head', {'trunk': ('tilt', 0)}),
    Action(
        'kick_right_raise_right',
        {'right_arm': ('raise', 0), 'right_leg': ('kick', 0)},
    ),
    Action('wave_left', {'left_arm': ('wave', 0)}),
)
