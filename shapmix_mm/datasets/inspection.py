"""What an annotation file holds, counted sample by sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .pose_checks import POSE_KEYS, is_numbers
from .pose_file import PoseFile, heads, sample_name

EVERY = 'all'
# Beyond it a length is a mistake, and no array of lengths holds it.
_LONGEST = 2**31


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
        problems (dict[str, list[str]]): Names of the samples concerned, by
            what is the matter.
    """

    path: str
    num_classes: int
    classes: list[str] | None
    parts: list[PartSummary] = field(default_factory=list)
    shapes: dict[str, Counter] = field(default_factory=dict)
    frames: Counter = field(default_factory=Counter)
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
    lengths = np.array(
        [
            _look_at(sample, summary)
            for sample in (file.annotations if samples is None else samples)
        ]
    )
    splits = {name: _listed(file, name, names) for name in file.splits}
    _look_at_names(known, splits, file, summary)
    for part, listed in {EVERY: names, **splits}.items():
        inside = set(listed)
        mask = np.array([name in inside for name in names])
        kept = labels[mask]
        counts = np.bincount(kept[kept >= 0], minlength=summary.num_classes)
        summary.parts.append(
            PartSummary(part, len(listed), counts, lengths[mask])
        )
    return summary


def _listed(file: PoseFile, split: str, names: list[str]) -> list[str]:
    """Names that a split lists; a cache lists rows."""
    listed = file.splits[split]
    if isinstance(listed, np.ndarray) and listed.dtype.kind in 'iu':
        return [names[row] for row in listed]
    return list(listed)


def _num_classes(file: PoseFile, labels: np.ndarray) -> int:
    named = len(file.classes) if file.classes is not None else 0
    return max(named, int(labels.max()) + 1, 1)


def _look_at(sample: Mapping[str, Any], summary: PoseSummary) -> int:
    """Count one sample; returns its frames."""

    def note(problem: str) -> None:
        summary.problems.setdefault(problem, []).append(sample_name(sample))

    told = _told_frames(sample, note)
    pose = sample.get('keypoint')
    if pose is None:
        note('without keypoint')
        return told
    if isinstance(pose, np.ndarray):
        summary.shapes['dtype'][str(pose.dtype)] += 1
    if not is_numbers(pose) or pose.ndim != 4:
        note('keypoint is no array (M, T, V, C) of numbers')
        return told
    persons, frames, joints, channels = pose.shape
    for key, value in (
        ('persons', persons),
        ('joints', joints),
        ('channels', channels),
    ):
        summary.shapes[key][value] += 1
    if frames != told:
        note('total_frames is not the length of keypoint')
    for key in POSE_KEYS:
        if key in sample and not is_numbers(sample[key]):
            note(f'{key} is no array of numbers')
        elif key in sample and not np.isfinite(sample[key]).all():
            note(f'NaN or infinity in {key}')
    seen = (pose != 0).any(axis=(0, 2, 3))
    summary.frames['all'] += frames
    summary.frames['zero'] += int(frames - seen.sum())
    if not seen.any():
        note('zero throughout')
    elif not seen.all():
        note('some frames without anyone')
    return frames


def _told_frames(
    sample: Mapping[str, Any], note: Callable[[str], None]
) -> int:
    """Frames that a sample says it has; 0 where that is no such number."""
    told = sample.get('total_frames')
    if not isinstance(told, (int, np.integer)):
        note('without total_frames')
        return 0
    if not 0 <= told < _LONGEST:
        note('total_frames is no number of frames')
        return 0
    return int(told)


def _look_at_names(
    known: list[tuple[str, int]],
    splits: Mapping[str, list[str]],
    file: PoseFile,
    summary: PoseSummary,
) -> None:
    """Note what is wrong with names, labels and splits."""
    uses = Counter(name for name, _ in known)
    covered = {name for listed in splits.values() for name in listed}
    problems = {
        'name used more than once': [
            n for n, used in uses.items() if used > 1
        ],
        'label out of range': [
            name
            for name, label in known
            if label < 0 or (file.classes and label >= len(file.classes))
        ],
    }
    for split, listed in splits.items():
        problems[f'listed in {split} but not there'] = [
            name for name in listed if name not in uses
        ]
        twin = file.training_twin(split)
        if twin is not None:
            problems[f'in {split} and in {twin}'] = sorted(
                set(listed) & set(splits[twin])
            )
    if splits:
        problems['in no split'] = [n for n in uses if n not in covered]
    summary.problems.update({k: v for k, v in problems.items() if v})
