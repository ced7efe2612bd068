"""Checks on skeleton samples, each naming the sample that fails."""

from __future__ import annotations

import reprlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from typing_extensions import TypeGuard

from ..skeletons import Layout
from .cache.samples import NAME_KEYS, CachedSamples, heads, sample_name

# Far more classes than any set of actions has; what counts samples per class
# takes memory for each.
MAX_CLASSES = 1_000_000
POSE_KEYS = ('keypoint', 'keypoint_score')
# No body is a kilometre away, in millimetres or pixels; squares of much
# larger numbers overflow.
LARGEST = 1e6
# Beyond it a length is a mistake, and no array of lengths holds it.
_LONGEST = 2**31


def check_head(annotation: Any, index: int, path: str) -> None:
    """Refuse an annotation that is no dict with a name and one label.

    Args:
        annotation (Any): The annotation.
        index (int): Its place, for the message.
        path (str): Its file, for the message.

    Raises:
        KeyError: If name or label is missing.
        TypeError: If the annotation, its name or its label is of another
            kind.
        ValueError: If the label is far beyond any number of classes.
    """
    place = f'annotation {index} of {path}'
    if not isinstance(annotation, Mapping):
        raise TypeError(
            f'{place} should be a dict, but is a {type(annotation).__name__}'
        )
    names = [key for key in NAME_KEYS if key in annotation]
    if not names:
        raise KeyError(f"{place} lacks 'frame_dir'")
    for key in names:
        if not isinstance(annotation[key], str):
            raise TypeError(
                f'{key} of {place} should be text, the name of the sample, '
                f'but is {shown(annotation[key])}'
            )
    name = sample_name(annotation)
    if 'label' not in annotation:
        raise KeyError(
            f'sample {name!r} (annotation {index}) of {path} lacks the key '
            "'label'"
        )
    _check_label(annotation['label'], f'sample {name!r} of {path}')


def check_labels(
    annotations: Iterable[Mapping[str, Any]], num_classes: int, path: str
) -> None:
    """Refuse labels outside of ``0..num_classes - 1``.

    Args:
        annotations (Iterable[Mapping]): The samples to check.
        num_classes (int): Number of classes K.
        path (str): Their file, for the message.

    Raises:
        ValueError: If a label is out of range, with its sample.
    """
    for annotation in heads(annotations):
        if not 0 <= annotation['label'] < num_classes:
            raise ValueError(
                f'sample {sample_name(annotation)!r} of {path} has label '
                f'{annotation["label"]}, but with {num_classes} classes '
                f'labels lie in 0..{num_classes - 1}'
            )


class Fault(NamedTuple):
    """Why no pipeline can take a sample.

    Args:
        what (str): A few words that many samples share, for counting.
        error (type): Kind of error that it is.
        text (str): What is wrong with this sample; ``{where}`` stands for it.
    """

    what: str
    error: type[Exception]
    text: str


def pose_faults(sample: Mapping[str, Any]) -> Iterator[Fault]:
    """Tell what is wrong with the form of a sample's skeletons.

    Training and ``tools/data/inspect.py`` go by this list and by
    :func:`unusable`.

    Args:
        sample (Mapping): An annotation.

    Yields:
        Fault: Each thing that is wrong, the plainest first.
    """
    yield from _key_faults(sample)
    if _is_numbers(sample.get('keypoint')):
        yield from _shape_faults(sample)


def _key_faults(sample: Mapping[str, Any]) -> Iterator[Fault]:
    """What is missing or of another kind."""
    for key in ('keypoint', 'total_frames'):
        if key not in sample:
            text = f'{{where}} lacks the key {key!r}'
            yield Fault(f'without {key}', KeyError, text)
    frames = sample.get('total_frames', 0)
    if not _is_integer(frames) or not 0 <= frames < _LONGEST:
        text = f'total_frames of {{where}} is {shown(frames)}'
        yield Fault('total_frames is no number of frames', TypeError, text)
    for key in POSE_KEYS:
        value = sample.get(key)
        if key in sample and not _is_numbers(value):
            kind = getattr(value, 'dtype', type(value).__name__)
            text = f'{key} of {{where}} should be a numeric array, but is '
            yield Fault(
                f'{key} is no array of numbers', TypeError, f'{text}{kind}'
            )


def _shape_faults(sample: Mapping[str, Any]) -> Iterator[Fault]:
    """What does not go together."""
    pose, score = sample['keypoint'], sample.get('keypoint_score')
    frames = sample.get('total_frames')
    if pose.ndim != 4 or 0 in pose.shape:
        text = 'keypoint of {where} should have shape (M, T, V, C), but has '
        yield Fault(
            'keypoint is no (M, T, V, C)', ValueError, f'{text}{pose.shape}'
        )
        return
    if _is_integer(frames) and pose.shape[1] != frames:
        text = f'{{where}} has total_frames {frames}, but its keypoint has '
        yield Fault(
            'total_frames is not the length of keypoint',
            ValueError,
            f'{text}{pose.shape[1]} frames',
        )
    if _is_numbers(score) and score.shape != pose.shape[:3]:
        text = f'keypoint_score of {{where}} has shape {score.shape}, '
        yield Fault(
            'keypoint_score does not fit keypoint',
            ValueError,
            f'{text}expected {pose.shape[:3]}',
        )


def unusable(sample: Mapping[str, Any]) -> str:
    """Tell why the values of a well-formed sample are of no use.

    Args:
        sample (Mapping): An annotation without :func:`pose_faults`.

    Returns:
        str: A few words, or ''; also for a sample without keypoints.
    """
    for key in POSE_KEYS:
        if key in sample and not np.isfinite(largest(sample[key])):
            return f'{key} not finite'
    if 'keypoint' not in sample:
        return ''
    size = largest(sample['keypoint'])
    if size > LARGEST:
        return f'keypoint beyond {LARGEST:g}'
    return '' if size else 'keypoint zero throughout'


def largest(values: np.ndarray) -> float:
    """Largest absolute value.

    Args:
        values (np.ndarray): Numbers.

    Returns:
        float: NaN if one is NaN.
    """
    if values.dtype == np.float16:
        # NumPy compares halves one by one; their bits sort as they do.
        bits = values.view(np.uint16) & np.uint16(0x7FFF)
        return float(bits.max().view(np.float16))
    return float(np.abs(values).max())


def with_fractions(pose: Any) -> Any:
    """Turn whole numbers into float32, as transforms divide in place.

    Args:
        pose (Any): Coordinates.

    Returns:
        Any: The same if they are no array of integers.
    """
    whole = isinstance(pose, np.ndarray) and pose.dtype.kind in 'iu'
    return pose.astype(np.float32) if whole else pose


def odd_shapes(shapes: np.ndarray) -> dict[int, str]:
    """Find skeletons with other joints or channels than most have.

    Args:
        shapes (np.ndarray): Shape (M, T, V, C) of each, int64, (n, 4).

    Returns:
        dict[int, str]: What is odd, by place.
    """
    found: dict[int, str] = {}
    for axis, noun in ((2, 'joints'), (3, 'channels')):
        values, counts = np.unique(shapes[:, axis], return_counts=True)
        usual = values[counts.argmax()] if len(values) else 0
        for place in np.flatnonzero(shapes[:, axis] != usual).tolist():
            own = shapes[place, axis]
            text = f'has {own} {noun} where most have {usual}'
            found.setdefault(place, text)
    return found


def odd_names(
    names: Sequence[str],
    splits: Mapping[str, Collection[str]],
    twins: Mapping[str, str],
) -> dict[str, list[str]]:
    """Find names that more than one sample has, or split, or none.

    Args:
        names (Sequence[str]): Names of all samples.
        splits (Mapping[str, Collection[str]]): Names of each split.
        twins (Mapping[str, str]): Training split of each split for
            validation or test.

    Returns:
        dict[str, list[str]]: Names, by what is odd about them.
    """
    uses = Counter(names)
    found = {
        'name used more than once': [n for n, used in uses.items() if used > 1]
    }
    for split, listed in splits.items():
        found[f'listed in {split} but not there'] = [
            name for name in listed if name not in uses
        ]
    for split, twin in twins.items():
        both = set(splits[split]) & set(splits[twin])
        found[f'in {split} and in {twin}'] = sorted(both)
    return {what: odd for what, odd in found.items() if odd}


def check_poses(
    annotations: Sequence[Mapping[str, Any]],
    path: str,
    layout: Layout | None = None,
) -> None:
    """Refuse samples whose skeletons a pipeline cannot take.

    Args:
        annotations (Sequence[Mapping]): The samples to check.
        path (str): Their file, for the message.
        layout (Layout, optional): Joint layout that they must fit. Defaults
            to None.

    Raises:
        KeyError: If ``keypoint`` or ``total_frames`` is missing.
        TypeError: If the keypoints, or their scores where there are any, are
            no numeric array, or ``total_frames`` is no integer.
        ValueError: If the keypoints are not of shape (M, T, V, C), have
            other frames than ``total_frames``, other joints or channels than
            most, or other joints than the layout.
    """
    if isinstance(annotations, CachedSamples):
        # Each sample by itself was checked when the cache was made.
        shapes = annotations.shapes()
        if (shapes < 0).any():
            raise KeyError(f"the samples of {path} lack the key 'keypoint'")
    else:
        for sample in annotations:
            for fault in pose_faults(sample):
                where = f'sample {sample_name(sample)!r} of {path}'
                raise fault.error(fault.text.replace('{where}', where))
        shapes = np.array([a['keypoint'].shape for a in annotations])
    shapes = shapes.reshape(-1, 4)
    odd = odd_shapes(shapes)
    if layout is not None:
        wrong = np.flatnonzero(shapes[:, 2] != layout.num_joints)
        odd = {int(place): '' for place in wrong[:1]} or odd
    for place, text in odd.items():
        where = f'sample {sample_name(annotations[place])!r} of {path}'
        if layout is not None:
            layout.check_joints(int(shapes[place, 2]), where)
        raise ValueError(f'{where} {text}')


def invalid_samples(
    annotations: Sequence[Mapping[str, Any]],
) -> dict[int, str]:
    """Find the samples whose values are of no use.

    Args:
        annotations (Sequence[Mapping]): Samples; those without keypoints
            count as valid.

    Returns:
        dict[int, str]: What is wrong with each, by index.
    """
    if isinstance(annotations, CachedSamples):
        return annotations.invalid()
    found = {i: unusable(sample) for i, sample in enumerate(annotations)}
    return {i: what for i, what in found.items() if what}


def check_usable(annotations: Sequence[Mapping[str, Any]], path: str) -> None:
    """Refuse samples whose values are of no use.

    Args:
        annotations (Sequence[Mapping]): The samples to check.
        path (str): Their file, for the message.

    Raises:
        ValueError: If there is such a sample, with the first and how many.
    """
    for index, what in (invalid := invalid_samples(annotations)).items():
        raise ValueError(
            f'sample {sample_name(annotations[index])!r} of {path}: {what} '
            f'({len(invalid)} of {len(annotations)} samples are of no use); '
            'drop_invalid=True drops them'
        )


def shown(value: Any) -> str:
    """Write a value for a message, in one line however long it is.

    Args:
        value (Any): The value.

    Returns:
        str: Its beginning and its end, as Python writes it.
    """
    return ' '.join(reprlib.repr(value).split())


def _check_label(label: Any, where: str) -> None:
    """Check that a label is one integer that can be a class, or none."""
    if not _is_integer(label):
        raise TypeError(
            f'{where} should have one integer label, but has {shown(label)}'
        )
    # Labels below zero stand for samples without a class.
    if not -MAX_CLASSES < label < MAX_CLASSES:
        raise ValueError(
            f'{where} has label {shown(int(label))}, which is no '
            f'number of a class: those lie in 0..{MAX_CLASSES - 1}'
        )


def _is_numbers(value: Any) -> TypeGuard[np.ndarray]:
    # Whether numbers can be read from it.
    return isinstance(value, np.ndarray) and value.dtype.kind in 'fiu'


def _is_integer(value: Any) -> bool:
    # Python takes True for 1.
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
