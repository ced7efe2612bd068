"""What is wanted of a long-tailed training set: the ``longtail`` dict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .longtail_profile import PROFILES, ClassOrder, check_imbalance

NAME_ORDERS = ('performer', 'camera', 'name')


@dataclass(frozen=True)
class LongTailSpec:
    """What makes a long-tailed training set out of a full one.

    Args:
        profile (str): ``'exp'``, ``'step'``, ``'counts'`` or ``'list'``.
            Defaults to 'exp'.
        imbalance (float): Imbalance factor of exp and step, at least 1.
            Defaults to 100.
        n_max (int, optional): Samples of the largest class in exp and step.
            None takes the largest number that leaves no class short.
            Defaults to None.
        order (str | Sequence[int]): Classes from largest to smallest:
            ``'native'`` (label order), ``'descending'`` (by available
            samples) or a list of class indices. Defaults to 'native'.
        seed (int): Seed of the draw. Defaults to 0.
        names (str): What the names of a class are ordered by before the
            draw: ``'performer'`` or ``'camera'`` (NTU RGB+D names, then by
            name), or ``'name'``. Defaults to 'name'.
        counts (Sequence[int], optional): Counts of profile counts, in the
            places of ``order``. Defaults to None.
        file (str, optional): List of names of profile list. Defaults to
            None.

    Raises:
        ValueError: If a value is out of range or the profile lacks its key.
        TypeError: If a value is of the wrong type.
    """

    profile: str = 'exp'
    imbalance: float = 100
    n_max: int | None = None
    order: ClassOrder = 'native'
    seed: int = 0
    names: str = 'name'
    counts: Sequence[int] | None = None
    file: str | None = None

    def __post_init__(self) -> None:
        """Check all that can be checked without the data."""
        if self.profile not in PROFILES:
            raise ValueError(
                f'profile should be one of {PROFILES}, but got '
                f'{self.profile!r}'
            )
        if self.names not in NAME_ORDERS:
            raise ValueError(
                f'names should be one of {NAME_ORDERS}, but got {self.names!r}'
            )
        check_imbalance(self.imbalance)
        _check_seed(self.seed)
        for key, profile in (('counts', 'counts'), ('file', 'list')):
            given = getattr(self, key) is not None
            if given != (self.profile == profile):
                raise ValueError(
                    f'{key} goes with profile {profile!r}, but got profile '
                    f'{self.profile!r} {"with" if given else "without"} {key}'
                )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LongTailSpec:
        """Read the ``longtail`` dict of a config.

        Args:
            config (Mapping): Keys are the arguments of this class.

        Returns:
            LongTailSpec: The checked values.

        Raises:
            TypeError: If it is no mapping.
            KeyError: If it has a key that is no argument.
        """
        if isinstance(config, cls):
            return config
        if not isinstance(config, Mapping):
            raise TypeError(
                f'longtail should be a dict, but got {type(config).__name__}'
            )
        allowed = [field.name for field in fields(cls)]
        for key in config:
            if key not in allowed:
                raise KeyError(
                    f'longtail has an unknown key {key!r}; it takes {allowed}'
                )
        return cls(**config)


def _check_seed(seed: int) -> None:
    """Refuse what the legacy generator does not take."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f'seed should be an integer, but got {seed!r}')
    if not 0 <= seed < 2**32:
        raise ValueError(f'seed should lie in 0..2**32 - 1, but got {seed}')
