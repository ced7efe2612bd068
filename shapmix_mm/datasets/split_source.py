"""The training samples that a long-tailed list can be drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .benchmarks import Benchmark, parse_ntu_name
from .name_list import plain_name, read_name_list
from .pose_file import heads, read_pose_file, sample_name


class SplitSource(NamedTuple):
    """Names and labels of a training part.

    Args:
        names (list[str]): Training samples.
        labels (list[int]): Their classes.
        outside (set[str]): Names of all other samples.
        num_classes (int): Number of classes K.
        classes (list[str] | None): Class names, when the source has them.
    """

    names: list[str]
    labels: list[int]
    outside: set[str]
    num_classes: int
    classes: list[str] | None = None


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
        ValueError: If a line tells no label, or no line is for training.
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
        num_classes or _num_classes(benchmark, None, training),
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
        split (str, optional): Its training split; None takes the benchmark's
            and without one every sample. Defaults to None.
        benchmark (Benchmark, optional): Names the split and the number of
            classes. Defaults to None.
        num_classes (int, optional): Number of classes; None takes the
            benchmark's, that of the class names, or the largest label.
            Defaults to None.

    Returns:
        SplitSource: The training samples.
    """
    file = read_pose_file(path)
    if split is None and benchmark is not None:
        split = benchmark.split
    part = file.part(split)
    known = [(sample_name(a), int(a['label'])) for a in heads(part)]
    names = [name for name, _ in known]
    every = {sample_name(a): int(a['label']) for a in heads(file.annotations)}
    return SplitSource(
        names,
        [label for _, label in known],
        every.keys() - set(names),
        num_classes or _num_classes(benchmark, file.classes, every),
        file.classes,
    )


def _num_classes(
    benchmark: Benchmark | None,
    classes: list[str] | None,
    labels: Mapping[str, int],
) -> int:
    """Settle the number of classes when nobody gives it."""
    if benchmark is not None:
        return benchmark.num_classes
    return len(classes) if classes is not None else 1 + max(labels.values())
