"""Sets that are small enough to be converted in one go, file by file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Union

import numpy as np

from .archives import Member

# A file's name, and the sample it became or the reason why it became none.
Outcome = tuple[str, Union[dict[str, Any], str]]
Splits = Mapping[str, Callable[[dict[str, Any]], bool]]


class Conversion(NamedTuple):
    """What came of a conversion.

    Args:
        data (dict): MMAction2's annotation file: ``split``, ``annotations``
            and ``classes``.
        skipped (list[tuple[str, str]]): File name and reason of every file
            that was left out.
    """

    data: dict[str, Any]
    skipped: list[tuple[str, str]]


def one_by_one(
    members: Iterable[Member], annotate: Callable[[Member], dict[str, Any]]
) -> Iterator[Outcome]:
    """Make a sample of each file.

    Args:
        members (Iterable[Member]): The files.
        annotate (callable): Makes the sample of a file that could be read; a
            ValueError says why it cannot.

    Yields:
        tuple: Name of the file, and its sample or the reason for none.
    """
    for member in members:
        try:
            if member.content is None:
                raise ValueError(member.problem)
            yield member.name, annotate(member)
        except ValueError as error:
            yield member.name, str(error)


def collect(
    outcomes: Iterable[Outcome], splits: Splits, classes: Sequence[str]
) -> Conversion:
    """Put the samples of a set in order.

    Args:
        outcomes (Iterable[tuple]): What each file became.
        splits (Mapping[str, callable]): Name of each split, and whether a
            sample belongs to it.
        classes (Sequence[str]): Names of the classes.

    Returns:
        Conversion: Annotations in the order of their names, and what was
        left out; of two samples of one name the later is.
    """
    found: dict[str, dict[str, Any]] = {}
    skipped: list[tuple[str, str]] = []
    for file, outcome in outcomes:
        if isinstance(outcome, str):
            skipped.append((file, outcome))
        elif outcome['frame_dir'] in found:
            name = outcome['frame_dir']
            skipped.append((file, f'another file is named {name} too'))
        else:
            found[outcome['frame_dir']] = outcome
    annotations = [found[name] for name in sorted(found)]
    split = {
        name: [a['frame_dir'] for a in annotations if belongs(a)]
        for name, belongs in splits.items()
    }
    data = dict(split=split, annotations=annotations, classes=list(classes))
    return Conversion(data, skipped)


def folds(groups: Sequence[Sequence[Any]], key: str = 'subject') -> Splits:
    """Splits that test each group once and train on all the others.

    Args:
        groups (Sequence[Sequence]): Values of the key that fold 1, fold 2
            and so on test.
        key (str): What a sample is sorted by. Defaults to 'subject'.

    Returns:
        dict[str, callable]: ``fold1_train``, ``fold1_val`` and so on.
    """
    found: dict[str, Callable[[dict[str, Any]], bool]] = {}
    for number, group in enumerate(groups, 1):
        inside = partial(_is_in, frozenset(group), key)
        found[f'fold{number}_train'] = partial(_not, inside)
        found[f'fold{number}_val'] = inside
    return found


def _is_in(group: frozenset[Any], key: str, sample: dict[str, Any]) -> bool:
    return sample[key] in group


def _not(belongs: Callable[[Any], bool], sample: dict[str, Any]) -> bool:
    return not belongs(sample)


def checked_joints(values: Any, num_joints: int, channels: int) -> np.ndarray:
    """Check the joints of one person or of several.

    Args:
        values (array_like): Joints, shape (..., T, V, C).
        num_joints (int): V, the joints there should be.
        channels (int): C, the coordinates there should be.

    Returns:
        np.ndarray: The same in float32.

    Raises:
        ValueError: If the shape is another one, there is no frame, a
            coordinate is not finite, or all are zero.
    """
    joints = np.asarray(values, dtype=np.float64)
    if not joints.size:
        raise ValueError('empty: no frames')
    if joints.ndim < 3 or joints.shape[-2:] != (num_joints, channels):
        raise ValueError(
            f'wrong joint count: joints have the shape {joints.shape}, '
            f'expected (T, {num_joints}, {channels})'
        )
    with np.errstate(over='ignore'):
        joints = joints.astype(np.float32)
    if not np.isfinite(joints).all():
        raise ValueError('coordinates are not finite')
    if not joints.any():
        raise ValueError('empty: all coordinates are zero')
    return joints
