"""NTU RGB+D by its names: training parts, sizes of the long-tailed sets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

NTU_NAME = re.compile(r'S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})')

# The 53 training subjects of NTU RGB+D 120; the first 20 are those of NTU-60.
TRAIN_PERFORMERS = frozenset(
    [1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38]
    + [45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78, 80, 81]
    + [82, 83, 84, 85, 86, 89, 91, 92, 93, 94, 95, 97, 98, 100, 103]
)
TRAIN_CAMERAS = frozenset([2, 3])
TRAIN_SETUPS = frozenset(range(2, 33, 2))


class NTUName(NamedTuple):
    """What the name of an NTU RGB+D sample says, every number from 1."""

    setup: int
    camera: int
    performer: int
    replication: int
    action: int


def parse_ntu_name(name: str) -> NTUName:
    """Read setup, camera, performer, replication and action from a name.

    Args:
        name (str): Text that holds a name such as S001C002P003R002A013.

    Returns:
        NTUName: The five numbers.

    Raises:
        ValueError: If there is no such name in it.

    Examples:
        >>> parse_ntu_name('S001C002P003R002A013.skeleton').action
        13
    """
    match = NTU_NAME.search(name)
    if match is None:
        raise ValueError(
            f'{name!r} is no NTU RGB+D name such as S001C002P003R002A013'
        )
    return NTUName(*(int(number) for number in match.groups()))


@dataclass(frozen=True)
class Benchmark:
    """One long-tailed benchmark.

    Args:
        num_classes (int): Number of classes; actions above it are left out.
        n_max (int): Samples of the largest class in the published lists.
        names (str): What its names are ordered by before the draw.
        split (str): Training split in MMAction2's annotation files.
        field (str): Part of the name that decides about training.
        train_values (frozenset[int]): Values of that part that train.
    """

    num_classes: int
    n_max: int
    names: str
    split: str
    field: str
    train_values: frozenset[int]

    def trains(self, name: str) -> bool:
        """Tell whether a sample belongs to the training part.

        Args:
            name (str): NTU RGB+D name of the sample.

        Returns:
            bool: True for training samples of this benchmark's classes.
        """
        parsed = parse_ntu_name(name)
        return (
            parsed.action <= self.num_classes
            and getattr(parsed, self.field) in self.train_values
        )


BENCHMARKS = dict(
    ntu60_xsub=Benchmark(
        60, 600, 'performer', 'xsub_train', 'performer', TRAIN_PERFORMERS
    ),
    ntu60_xview=Benchmark(
        60, 600, 'camera', 'xview_train', 'camera', TRAIN_CAMERAS
    ),
    ntu120_xsub=Benchmark(
        120, 600, 'performer', 'xsub_train', 'performer', TRAIN_PERFORMERS
    ),
    ntu120_xset=Benchmark(
        120, 400, 'name', 'xset_train', 'setup', TRAIN_SETUPS
    ),
)


def get_benchmark(name: str) -> Benchmark:
    """Look up a benchmark.

    Args:
        name (str): One of the keys of :data:`BENCHMARKS`.

    Returns:
        Benchmark: Its rule.

    Raises:
        KeyError: If there is none of that name.
    """
    if name not in BENCHMARKS:
        raise KeyError(
            f'no benchmark {name!r}; there are {sorted(BENCHMARKS)}'
        )
    return BENCHMARKS[name]
