"""Drawing a long-tailed list: what it is drawn from, and the record of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from ..arguments import PositiveInt, check_value
from .cache.source import digest
from .longtail import LongTailSpec, Selection
from .name_list import names_digest, plain_name, read_name_list
from .ntu_protocols import Benchmark, parse_ntu_name
from .pose_file import PoseFile, heads, read_pose_file, sample_name


class SplitSource(NamedTuple):
    """Names and labels of a training part.

    Args:
        names (list[str]): Training samples.
        labels (list[int]): Their classes.
        outside (set[str]): Names of all other samples.
        num_classes (int): Number of classes K.
        classes (list[str] | None): Class names, when the source has them.
        split (str | None): Split that the samples are of, if of one.
    """

    names: list[str]
    labels: list[int]
    outside: set[str]
    num_classes: int
    classes: list[str] | None = None
    split: str | None = None


def source_from_names(
    path: str,
    benchmark: Benchmark | None = None,
    num_classes: int | None = None,
) -> SplitSource:
    """Take the training part of a list of all samples.

    Args:
        path (str): One NTU RGB+D name, or name and label, per line.
        benchmark (Benchmark, optional): Whose rule picks the training part;
            None takes every sample. Defaults to None.
        num_classes (int, optional): Number of classes; None takes the
            benchmark's, else the largest label. Defaults to None.

    Returns:
        SplitSource: The training samples.

    Raises:
        ValueError: If a line tells no label, no line is for training, or the
            number of classes is below 1.
    """
    every: dict[str, int] = {}
    for line in read_name_list(path):
        fields = line.replace(',', ' ').split()
        if len(fields) == 2 and fields[1].isdigit():
            every[plain_name(fields[0])] = int(fields[1])
        else:
            every[plain_name(line)] = parse_ntu_name(line).action - 1
    training = {
        name: label
        for name, label in every.items()
        if benchmark is None or benchmark.trains(name)
    }
    if not training:
        raise ValueError(f'none of the {len(every)} names of {path} trains')
    return SplitSource(
        list(training),
        list(training.values()),
        every.keys() - training.keys(),
        _num_classes(num_classes, benchmark, None, training),
    )


def source_from_annotations(
    path: str,
    split: str | None = None,
    benchmark: Benchmark | None = None,
    num_classes: int | None = None,
) -> SplitSource:
    """Take the training split of an annotation file.

    Args:
        path (str): MMAction2's annotation pickle.
        split (str, optional): Its training split. None takes the benchmark's,
            else the one that is called after training, and every sample of a
            file without splits. Defaults to None.
        benchmark (Benchmark, optional): Names the split and the number of
            classes. Defaults to None.
        num_classes (int, optional): Number of classes; None takes the
            benchmark's, that of the class names, or the largest label.
            Defaults to None.

    Returns:
        SplitSource: The training samples.

    Raises:
        ValueError: If it is not told which of several splits trains, or the
            number of classes is below 1.
    """
    file = read_pose_file(path)
    if split is None:
        split = benchmark.split if benchmark else _training_split(file)
    part = file.part(split)
    known = [(sample_name(a), int(a['label'])) for a in heads(part)]
    names = [name for name, _ in known]
    every = {sample_name(a): int(a['label']) for a in heads(file.annotations)}
    return SplitSource(
        names,
        [label for _, label in known],
        every.keys() - set(names),
        _num_classes(num_classes, benchmark, file.classes, every),
        file.classes,
        split,
    )


def _training_split(file: PoseFile) -> str | None:
    """The one split of a file that trains, by its name."""
    training = [name for name in file.splits if 'train' in name]
    if file.splits and len(training) != 1:
        raise ValueError(
            f'which split of {file.path} is to be thinned out? Name it with '
            f'--split; it has {sorted(file.splits)}'
        )
    return training[0] if training else None


def _num_classes(
    given: int | None,
    benchmark: Benchmark | None,
    classes: list[str] | None,
    labels: Mapping[str, int],
) -> int:
    """Settle the number of classes, also when nobody gives it."""
    if given is not None:
        check_value('num_classes', given, PositiveInt)
        return given
    if benchmark is not None:
        return benchmark.num_classes
    return len(classes) if classes is not None else 1 + max(labels.values())


def split_manifest(
    spec: LongTailSpec,
    selection: Selection,
    source: str | Path,
    *,
    groups: Sequence[str],
    **extra: Any,
) -> dict[str, Any]:
    """Put down all that it takes to draw a list again and to check it.

    Args:
        spec (LongTailSpec): What was wanted.
        selection (Selection): What was drawn.
        source (str | Path): File that the samples came from; its name and
            digest are recorded, its folder is not.
        groups (Sequence[str]): Many, medium or few for each class.
        **extra: Further entries.

    Returns:
        dict: The manifest, fit for JSON.
    """
    source = Path(source)
    wanted = asdict(spec)
    if spec.file is not None:
        wanted['file'] = Path(spec.file).name
    asked, counts = selection.requested, selection.counts
    by_formula = spec.profile in ('exp', 'step')
    return dict(
        longtail=wanted,
        num_classes=len(counts),
        num_samples=len(selection.names),
        counts=list(counts),
        requested_counts=list(asked),
        imbalance_requested=float(
            spec.imbalance if by_formula else max(asked) / min(asked)
        ),
        imbalance_achieved=max(counts) / min(counts),
        groups={g: list(groups).count(g) for g in ('many', 'medium', 'few')},
        names_sha256=names_digest(selection.names),
        source=dict(file=source.name, sha256=digest(source)),
        **extra,
    )


def manifest_table(manifest: dict[str, Any], available: int) -> str:
    """Sum a manifest up for the terminal.

    Args:
        manifest (dict): A manifest with its thresholds few and many.
        available (int): Training samples there were.

    Returns:
        str: A few lines of name and value.
    """
    counts, limits = manifest['counts'], manifest['thresholds']
    rows = {
        'samples': f'{manifest["num_samples"]} of {available}',
        'classes': f'{len(counts)}, of {max(counts)} to {min(counts)} samples',
        'imbalance': f'{manifest["imbalance_achieved"]:g} '
        f'(asked for: {manifest["imbalance_requested"]:g})',
        f'many > {limits["many"]}': manifest['groups']['many'],
        'medium': manifest['groups']['medium'],
        f'few < {limits["few"]}': manifest['groups']['few'],
        'names_sha256': manifest['names_sha256'],
    }
    return '\n'.join(f'{name:<14}{value}' for name, value in rows.items())
