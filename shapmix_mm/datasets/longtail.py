"""A long-tailed training set: what is wanted, how many stay, and which."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Literal, Union

import numpy as np
from pydantic import Field
from typing_extensions import Annotated

from ..arguments import PositiveInt, check_arguments
from .name_list import match_names, read_name_list
from .ntu_protocols import parse_ntu_name

ClassOrder = Union[Literal['native', 'descending'], Sequence[int]]
Imbalance = Annotated[float, Field(ge=1)]
# What the legacy generator takes.
Seed = Annotated[int, Field(ge=0, lt=2**32)]
# A product such as 49 * (1 / 49) falls one rounding error short of the
# integer that it stands for, and truncation would then lose a sample.
_ROUNDING = 1 + 1e-12
_NAME_KEYS: dict[str, Callable[[str], Any]] = dict(
    performer=lambda name: (parse_ntu_name(name).performer, name),
    camera=lambda name: (parse_ntu_name(name).camera, name),
    name=lambda name: name,
)


def exp_counts(n_max: int, imbalance: float, num_classes: int) -> list[int]:
    """Counts that fall exponentially from ``n_max`` to ``n_max / IF``.

    ``n_k = int(n_max * mu ** (k / (K - 1)))`` with ``mu = 1 / IF``, the rule
    of the published LT-NTU lists. One class alone keeps ``n_max``.

    Args:
        n_max (int): Samples of the largest class.
        imbalance (float): Imbalance factor IF >= 1.
        num_classes (int): Number of classes K.

    Returns:
        list[int]: K counts, largest first.

    Examples:
        >>> exp_counts(600, 100, 5)
        [600, 189, 60, 18, 6]
    """
    mu = 1 / imbalance
    last = max(num_classes - 1, 1)
    return [
        int(n_max * mu ** (k / last) * _ROUNDING) for k in range(num_classes)
    ]


def step_counts(n_max: int, imbalance: float, num_classes: int) -> list[int]:
    """Counts of ``n_max`` for one half of the classes, ``n_max / IF`` after.

    The middle one of an odd number of classes belongs to the large half.

    Args:
        n_max (int): Samples of each class in the large half.
        imbalance (float): Imbalance factor IF >= 1.
        num_classes (int): Number of classes K.

    Returns:
        list[int]: K counts, largest first.

    Examples:
        >>> step_counts(600, 100, 5)
        [600, 600, 600, 6, 6]
    """
    tail = int(n_max / imbalance * _ROUNDING)
    head = (num_classes + 1) // 2
    return [n_max] * head + [tail] * (num_classes - head)


_RULES = dict(exp=exp_counts, step=step_counts)


def class_order(order: ClassOrder, available: Sequence[int]) -> list[int]:
    """Say which class takes which place of a profile, largest place first.

    Args:
        order (str | Sequence[int]): ``'native'`` for the label order,
            ``'descending'`` for the order of available samples (a tie keeps
            the label order), or every class index once.
        available (Sequence[int]): Samples that each of the K classes has.

    Returns:
        list[int]: K class indices.

    Raises:
        KeyError: If there is no order of that name.
        ValueError: If it is no permutation of the classes.
    """
    num_classes = len(available)
    if isinstance(order, str):
        descending = sorted(range(num_classes), key=lambda k: -available[k])
        native = list(range(num_classes))
        return dict(native=native, descending=descending)[order]
    given = [int(k) for k in order]
    if len(given) != num_classes:
        raise ValueError(
            f'order names {len(given)} classes where the data have '
            f'{num_classes}'
        )
    if sorted(given) != list(range(num_classes)):
        raise ValueError(
            f'order should name each class 0..{num_classes - 1} once, but '
            f'got {given}'
        )
    return given


def largest_fit(
    profile: str, imbalance: float, available: Sequence[int]
) -> int:
    """Find the largest ``n_max`` for which no class is short of samples.

    Args:
        profile (str): ``'exp'`` or ``'step'``.
        imbalance (float): Imbalance factor IF >= 1.
        available (Sequence[int]): Samples per place of the profile.

    Returns:
        int: ``n_max``, at least 1.
    """
    rule = _RULES[profile]
    low, high = 1, max(int(available[0]), 1)
    while low < high:
        middle = (low + high + 1) // 2
        wanted = rule(middle, imbalance, len(available))
        if all(n <= a for n, a in zip(wanted, available)):
            low = middle
        else:
            high = middle - 1
    return low


def profile_counts(
    profile: str,
    available: Sequence[int],
    *,
    imbalance: float = 100,
    n_max: int | None = None,
    order: ClassOrder = 'native',
    counts: Sequence[int] | None = None,
) -> list[int]:
    """Counts that a profile asks of every class, by class index.

    Args:
        profile (str): ``'exp'``, ``'step'`` or ``'counts'``.
        available (Sequence[int]): Samples that each of the K classes has.
        imbalance (float): Imbalance factor IF of exp and step. Defaults to
            100.
        n_max (int, optional): Samples of the largest class. None takes the
            largest number that leaves no class short. Defaults to None.
        order (str | Sequence[int]): Which class takes which place, see
            :func:`class_order`. Defaults to 'native'.
        counts (Sequence[int], optional): The K counts of profile counts, in
            the places of ``order``. Defaults to None.

    Returns:
        list[int]: K counts by class index, each at least 1; a class may have
        fewer samples than its count.

    Raises:
        KeyError: If there is no profile of that name.
        ValueError: If the profile leaves a class empty, or is made for
            another number of classes.
    """
    places = class_order(order, available)
    if profile == 'counts':
        wanted = _explicit_counts(counts, len(available))
    else:
        if n_max is None:
            in_place = [available[k] for k in places]
            n_max = largest_fit(profile, imbalance, in_place)
        wanted = _RULES[profile](n_max, imbalance, len(available))
    if min(wanted) < 1:
        raise ValueError(
            f'profile {profile!r} leaves class '
            f'{places[wanted.index(min(wanted))]} without samples; raise '
            f'n_max ({n_max}) or lower the imbalance ({imbalance})'
        )
    result = [0] * len(available)
    for place, k in enumerate(places):
        result[k] = wanted[place]
    return result


def _explicit_counts(
    counts: Sequence[int] | None, num_classes: int
) -> list[int]:
    """Check the counts that the caller wrote down."""
    if counts is None:
        raise ValueError("profile 'counts' needs counts, one per class")
    if len(counts) != num_classes:
        raise ValueError(
            f'counts has {len(counts)} entries where the data have '
            f'{num_classes} classes'
        )
    return [int(n) for n in counts]


@check_arguments
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

    profile: Literal['exp', 'step', 'counts', 'list'] = 'exp'
    imbalance: Imbalance = 100
    n_max: PositiveInt | None = None
    order: ClassOrder = 'native'
    seed: Seed = 0
    names: Literal['performer', 'camera', 'name'] = 'name'
    counts: Sequence[PositiveInt] | None = None
    file: str | None = None

    def __post_init__(self) -> None:
        """Check all that can be checked without the data."""
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
            ArgumentError: If a key or its value is none that it takes.
            TypeError: If it is no mapping.
        """
        if isinstance(config, cls):
            return config
        if not isinstance(config, Mapping):
            raise TypeError(
                f'longtail should be a dict, but got {type(config).__name__}'
            )
        return cls(**config)


@dataclass(frozen=True)
class Selection:
    """Names that stay.

    Args:
        names (tuple[str]): Class after class, in the order of the draw, or
            in that of the list file.
        counts (tuple[int]): How many of each class they are.
        requested (tuple[int]): How many the profile asked for.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...]
    requested: tuple[int, ...]


def select_names(
    names: Sequence[str],
    labels: Sequence[int],
    *,
    spec: LongTailSpec,
    num_classes: int,
    classes: Sequence[str] | None = None,
    outside: Collection[str] = (),
) -> Selection:
    """Pick the training samples of a long-tailed set.

    One legacy random stream serves all classes in label order: it shuffles
    the ordered names of a class, of which the first ``n_k`` stay. This gives
    the published LT-NTU-120 lists name by name.

    Args:
        names (Sequence[str]): Names of all training samples, each once.
        labels (Sequence[int]): Their classes, 0 to ``num_classes - 1``.
        spec (LongTailSpec): What is wanted.
        num_classes (int): Number of classes K.
        classes (Sequence[str], optional): Class names, for messages only.
            Defaults to None.
        outside (Collection[str]): Names of samples that must not train, to
            tell a list of another split from one with samples that are gone.
            Defaults to ().

    Returns:
        Selection: The names that stay.

    Raises:
        ValueError: If a name comes twice, a class has no sample, or the
            profile or list does not go with the data.
    """
    pools = _pools(names, labels, num_classes)
    check_no_class_empty([len(pool) for pool in pools], classes)
    if spec.profile == 'list':
        return _listed(pools, spec, classes, outside)
    available = [len(pool) for pool in pools]
    requested = profile_counts(
        spec.profile,
        available,
        imbalance=spec.imbalance,
        n_max=spec.n_max,
        order=spec.order,
        counts=spec.counts,
    )
    _warn_if_short(requested, available, classes)
    rng = np.random.RandomState(spec.seed)
    kept: list[str] = []
    for pool, count in zip(pools, requested):
        pool.sort(key=_NAME_KEYS[spec.names])
        rng.shuffle(pool)
        kept += pool[:count]
    counts = tuple(min(n, a) for n, a in zip(requested, available))
    return Selection(tuple(kept), counts, tuple(requested))


def check_no_class_empty(
    counts: Sequence[int],
    classes: Sequence[str] | None = None,
    where: str = 'the training samples',
) -> None:
    """Refuse a training set that lacks a class.

    Args:
        counts (Sequence[int]): Samples per class.
        classes (Sequence[str], optional): Class names. Defaults to None.
        where (str): What the samples are from. Defaults to 'the training
            samples'.

    Raises:
        ValueError: If a count is 0, with the classes.
    """
    empty = [k for k, n in enumerate(counts) if n == 0]
    if empty:
        raise ValueError(
            f'{_class_list(empty, classes)} of {len(counts)} without a '
            f'sample in {where}'
        )


def _pools(
    names: Sequence[str], labels: Sequence[int], num_classes: int
) -> list[list[str]]:
    """Sort names by class."""
    if len(names) != len(labels):
        raise ValueError(f'got {len(names)} names but {len(labels)} labels')
    pools: list[list[str]] = [[] for _ in range(num_classes)]
    seen = set()
    for name, label in zip(names, labels):
        if not 0 <= label < num_classes:
            raise ValueError(
                f'sample {name!r} has label {label} where there are '
                f'{num_classes} classes'
            )
        if name in seen:
            raise ValueError(f'sample {name!r} comes twice in the names')
        seen.add(name)
        pools[label].append(name)
    return pools


def _listed(
    pools: Sequence[Sequence[str]],
    spec: LongTailSpec,
    classes: Sequence[str] | None,
    outside: Collection[str],
) -> Selection:
    """Keep what a list file names."""
    label_of = {name: k for k, pool in enumerate(pools) for name in pool}
    lines = read_name_list(str(spec.file))
    kept, unknown = match_names(lines, label_of)
    wrong, gone = match_names(unknown, outside)
    if wrong:
        raise ValueError(
            f'list {spec.file} has {len(wrong)} samples that are no training '
            f'samples, {wrong[0]!r} the first: it is made for another split'
        )
    counts = [0] * len(pools)
    for name in kept:
        counts[label_of[name]] += 1
    check_no_class_empty(counts, classes, f'list {spec.file}')
    if gone:
        warnings.warn(
            f'{len(gone)} of {len(lines)} lines of list {spec.file} name '
            f'samples that the data do not have, {gone[0]!r} the first',
            stacklevel=2,
        )
    return Selection(tuple(kept), tuple(counts), tuple(counts))


def _warn_if_short(
    requested: Sequence[int],
    available: Sequence[int],
    classes: Sequence[str] | None,
) -> None:
    """Tell which classes have fewer samples than the profile asks for."""
    short = [k for k, n in enumerate(requested) if n > available[k]]
    if short:
        k = short[0]
        warnings.warn(
            f'{_class_list(short, classes)} with fewer samples than the '
            f'profile asks for (class {k}: {available[k]} of {requested[k]}); '
            'all there are stay',
            stacklevel=2,
        )


def _class_list(
    indices: Sequence[int], classes: Sequence[str] | None, most: int = 10
) -> str:
    """Write class indices, with their names where there are any."""
    words = [
        f'{k} ({classes[k]})' if classes is not None else str(k)
        for k in indices[:most]
    ]
    if len(indices) > most:
        words.append(f'and {len(indices) - most} more')
    return f'{"class" if len(indices) == 1 else "classes"} ' + ', '.join(words)
