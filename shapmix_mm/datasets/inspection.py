"""What an annotation file holds, counted sample by sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .pose_checks import odd_names, odd_shapes, pose_faults, unusable
from .pose_file import PoseFile, heads, sample_name

EVERY = 'all'
# A sample that reaches so many times as far as most do is pointed out.
FAR = 10


@dataclass(frozen=True)
class PartSummary:
    """One split, or all samples.

    Args:
        name (str): Its name; ``'all'`` is every sample of the file.
        listed (int): Names that the split lists.
        counts (np.ndarray): Samples of each class, ``(K,)``.
        lengths (np.ndarray): Frames of each sample, ``(n,)``.
    """

    name: str
    listed: int
    counts: np.ndarray
    lengths: np.ndarray


@dataclass
class PoseSummary:
    """What :func:`summarize` found.

    Args:
        path (str): The file.
        num_classes (int): Number of classes K.
        classes (list[str], optional): Their names, when the file has them.
        parts (list[PartSummary]): All samples, then each split.
        shapes (dict[str, Counter]): For ``persons``, ``joints``,
            ``channels`` and ``dtype``, how many samples have which.
        frames (Counter): Frames in all, and ``zero`` frames without anyone.
        ranges (list[tuple]): Least and largest coordinate of each axis.
        problems (dict[str, list[str]]): Names of the samples concerned, by
            what is the matter.
    """

    path: str
    num_classes: int
    classes: list[str] | None
    parts: list[PartSummary] = field(default_factory=list)
    shapes: dict[str, Counter] = field(default_factory=dict)
    frames: Counter = field(default_factory=Counter)
    ranges: list[tuple[float, float]] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)


def summarize(
    file: PoseFile, *, samples: Iterable[Mapping[str, Any]] | None = None
) -> PoseSummary:
    """Count what an annotation file holds.

    Args:
        file (PoseFile): The file.
        samples (Iterable[Mapping], optional): Its annotations, for instance
            behind a progress bar. Defaults to None, which takes them from
            the file.

    Returns:
        PoseSummary: The counts.
    """
    known = [
        (sample_name(a), int(a['label'])) for a in heads(file.annotations)
    ]
    names = [name for name, _ in known]
    labels = np.array([label for _, label in known])
    summary = PoseSummary(file.path, _num_classes(file, labels), file.classes)
    for key in ('persons', 'joints', 'channels', 'dtype'):
        summary.shapes[key] = Counter()
    looks = [
        _look_at(sample, summary)
        for sample in (file.annotations if samples is None else samples)
    ]
    lengths = np.array([look.frames for look in looks])
    _compare(names, looks, summary)
    names, splits, twins = file.name_lists()
    summary.problems.update(odd_names(names, splits, twins))
    _look_at_labels(known, splits, file, summary)
    for part, listed in {EVERY: names, **splits}.items():
        inside = set(listed)
        mask = np.array([name in inside for name in names])
        kept = labels[mask]
        counts = np.bincount(kept[kept >= 0], minlength=summary.num_classes)
        summary.parts.append(
            PartSummary(part, len(listed), counts, lengths[mask])
        )
    return summary


def _num_classes(file: PoseFile, labels: np.ndarray) -> int:
    named = len(file.classes) if file.classes is not None else 0
    return max(named, int(labels.max()) + 1, 1)


class _Look(NamedTuple):
    """What one sample tells; shape and values only where it is of use."""

    frames: int
    shape: tuple[int, ...] | None = None
    low: np.ndarray | None = None
    high: np.ndarray | None = None


def _look_at(sample: Mapping[str, Any], summary: PoseSummary) -> _Look:
    """Count one sample."""

    def note(problem: str) -> None:
        summary.problems.setdefault(problem, []).append(sample_name(sample))

    pose, told = sample.get('keypoint'), sample.get('total_frames')
    if isinstance(pose, np.ndarray):
        summary.shapes['dtype'][str(pose.dtype)] += 1
    faults = [fault.what for fault in pose_faults(sample)]
    for what in faults:
        note(what)
    if getattr(pose, 'ndim', 0) != 4:
        odd = {'without total_frames', 'total_frames is no number of frames'}
        return _Look(0 if odd & set(faults) else int(told or 0))
    assert isinstance(pose, np.ndarray)
    shape = pose.shape
    for key, axis in (('persons', 0), ('joints', 2), ('channels', 3)):
        summary.shapes[key][shape[axis]] += 1
    if faults:
        return _Look(shape[1], shape)
    if what := unusable(sample):
        note(what)
    seen = (pose != 0).any(axis=(0, 2, 3))
    summary.frames['all'] += shape[1]
    summary.frames['zero'] += int(shape[1] - seen.sum())
    if what or not seen.any():
        return _Look(shape[1], shape)
    if not seen.all():
        note('some frames without anyone')
    # Persons who are absent are zero, and no part of any range.
    joints = pose[(pose != 0).any(axis=(2, 3))].astype(np.float64)
    flat = joints.reshape(-1, shape[3])
    return _Look(shape[1], shape, flat.min(0), flat.max(0))


def _compare(
    names: list[str], looks: list[_Look], summary: PoseSummary
) -> None:
    """Note what differs from the rest, and the range of each axis."""
    shaped = [i for i, look in enumerate(looks) if look.shape is not None]
    shapes = np.array([looks[i].shape for i in shaped]).reshape(-1, 4)
    odd = odd_shapes(shapes)
    for place in odd:
        problem = 'other joints or channels than most'
        summary.problems.setdefault(problem, []).append(names[shaped[place]])
    valued = [
        i
        for place, i in enumerate(shaped)
        if looks[i].low is not None and place not in odd
    ]
    if not valued:
        return
    low = np.array([looks[i].low for i in valued])
    high = np.array([looks[i].high for i in valued])
    summary.ranges = list(zip(low.min(0).tolist(), high.max(0).tolist()))
    reach = np.maximum(np.abs(low), np.abs(high))
    far = (reach > FAR * np.median(reach, axis=0)).any(1)
    if far.any():
        summary.problems[f'{FAR} times as far from 0 as most'] = [
            names[valued[place]] for place in np.flatnonzero(far)
        ]


def _look_at_labels(
    known: list[tuple[str, int]],
    splits: Mapping[str, list[str]],
    file: PoseFile,
    summary: PoseSummary,
) -> None:
    """Note labels that are no class, and samples that no split has."""
    covered = {name for listed in splits.values() for name in listed}
    problems = {
        'label out of range': [
            name
            for name, label in known
            if label < 0 or (file.classes and label >= len(file.classes))
        ],
        'in no split': [
            name
            for name in dict.fromkeys(name for name, _ in known)
            if splits and name not in covered
        ],
    }
    summary.problems.update({k: v for k, v in problems.items() if v})
