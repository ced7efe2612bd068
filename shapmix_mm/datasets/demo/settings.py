"""Size and difficulty of the demo set."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..longtail import exp_counts
from .classes import ACTIONS

#: Changes whenever equal settings give other data.
VERSION = 2


@dataclass(frozen=True)
class DemoSettings:
    """Size and difficulty of the demo set.

    Attributes:
        seed (int): Seed of everything. Defaults to 0.
        n_max (int): Training samples of the largest class. Defaults to 100.
        imbalance (float): Largest over smallest class. Defaults to 25.
        test_per_class (int): Test samples of each class. Defaults to 25.
        noise (float): Jitter of a joint in metres. Defaults to 0.015.
        dropout (float): Chance that a hand or foot is lost for some frames.
            Defaults to 0.3.
        nuisance (float): Chance (0 to 1) of an idle gesture of a part that
            does not tell the class, and scale of its sway. Defaults to 0.6.
        amplitude (tuple[float, float]): Range of the size of telling
            gestures. Defaults to (0.6, 1.1).
        yaw (float): Largest turn of the scene in degrees. Defaults to 45.
        frames (tuple[int, int]): Shortest and longest clip, both included.
            Defaults to (24, 80).
    """

    seed: int = 0
    n_max: int = 100
    imbalance: float = 25.0
    test_per_class: int = 25
    noise: float = 0.015
    dropout: float = 0.3
    nuisance: float = 0.6
    amplitude: tuple[float, float] = (0.6, 1.1)
    yaw: float = 45.0
    frames: tuple[int, int] = (24, 80)

    def __post_init__(self) -> None:
        _require(0 <= self.seed < 2**32, 'seed', self.seed, 'in [0, 2**32)')
        _require(1 <= self.n_max <= 999, 'n_max', self.n_max, 'in 1..999')
        _require(
            1 <= self.imbalance < inf,
            'imbalance',
            self.imbalance,
            'finite and at least 1',
        )
        _require(
            0 <= self.test_per_class <= 999,
            'test_per_class',
            self.test_per_class,
            'in 0..999',
        )
        _require(
            0 <= self.noise < inf, 'noise', self.noise, 'finite and at least 0'
        )
        for name in ('dropout', 'nuisance'):
            value = getattr(self, name)
            _require(0 <= value <= 1, name, value, 'in [0, 1]')
        low, high = self.amplitude
        _require(
            0 < low <= high < inf,
            'amplitude',
            self.amplitude,
            'a rising pair above 0',
        )
        _require(0 <= self.yaw <= 180, 'yaw', self.yaw, 'in [0, 180]')
        short, long = self.frames
        _require(
            4 <= short <= long, 'frames', self.frames, 'a rising pair from 4'
        )

    def train_counts(self) -> list[int]:
        """list[int]: Training samples of each class, at least one."""
        counts = exp_counts(self.n_max, self.imbalance, len(ACTIONS))
        return [max(1, count) for count in counts]


def _require(holds: bool, name: str, value: object, expected: str) -> None:
    if not holds:
        raise ValueError(f'{name} must be {expected}, got {value!r}')
