"""Which training samples a long-tailed set keeps, by name."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np

from .benchmarks import parse_ntu_name
from .longtail_profile import profile_counts
from .longtail_spec import LongTailSpec
from .name_list import match_names, read_name_list

_NAME_KEYS: dict[str, Callable[[str], Any]] = dict(
    performer=lambda name: (parse_ntu_name(name).performer, name),
    camera=lambda name: (parse_ntu_name(name).camera, name),
    name=lambda name: name,
)


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
