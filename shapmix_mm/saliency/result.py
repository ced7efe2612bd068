"""An exact analysis of a trained model: its setting, outcome and files."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor
from torch.utils.data import Subset

from shapmix_mm import visualization
from shapmix_mm.config.class_names import find_class_names
from shapmix_mm.config.data import build_split
from shapmix_mm.config.launch import num_classes_of
from shapmix_mm.config.trained_model import TrainedModel
from shapmix_mm.datasets import class_counts
from shapmix_mm.evaluation import thresholds_of
from shapmix_mm.evaluation.functional import class_groups, named_parts
from shapmix_mm.randomness import preserved_random_state
from shapmix_mm.serialization import whole_file
from shapmix_mm.skeletons import Layout

from .exact import (
    ClassSaliency,
    SeededSamples,
    Worths,
    choose_samples,
    sample_labels,
)
from .mean_pose import mean_pose

__all__ = [
    'FILES',
    'ClassInfo',
    'SaliencyResult',
    'class_index',
    'choose_mean',
    'class_info',
    'combination_names',
    'restrict',
    'write_csv',
    'write_result',
    'write_worths',
]

FILES = ('saliency.csv', 'worths.npz', 'saliency.png')


@dataclass(frozen=True)
class ClassInfo:
    """What is known of K classes besides their saliency.

    Args:
        names (list[str]): Name of each class; its index where there is none.
        train_counts (np.ndarray, optional): Training samples of each.
        thresholds (tuple[float, float]): Counts (few, many) that bound the
            groups.
        true_parts (list[list[int]], optional): Parts that are known to tell
            each class, of a synthetic set.
    """

    names: list[str]
    train_counts: np.ndarray | None
    thresholds: tuple[float, float]
    true_parts: list[list[int]] | None


def class_info(
    cfg: Config, trained: TrainedModel, dataset: Any, layout: Layout
) -> ClassInfo:
    """Collect what config, checkpoint and dataset tell of the classes.

    Training counts are those in the checkpoint, or else those that the
    dataset carries, or else those of the config's training set, if it is
    there.

    Args:
        cfg (Config): Complete config.
        trained (TrainedModel): The recognizer.
        dataset (Dataset): Samples of the split.
        layout (Layout): Skeleton layout.

    Returns:
        ClassInfo: Names, counts and groups.
    """
    number = num_classes_of(trained.model)
    metainfo = getattr(dataset, 'metainfo', None) or {}
    names = find_class_names(
        number, metas=[metainfo, trained.dataset_meta], cfg=cfg
    )
    return ClassInfo(
        names or [str(index) for index in range(number)],
        _train_counts(cfg, trained, metainfo, number),
        thresholds_of(cfg),
        named_parts(metainfo.get('salient_parts'), names, layout.part_names),
    )


def _train_counts(
    cfg: Config, trained: TrainedModel, metainfo: dict, number: int
) -> np.ndarray | None:
    for counts in (trained.class_counts, metainfo.get('class_counts')):
        if counts is not None and len(counts) == number:
            return np.asarray(counts, dtype=np.float64)
    try:
        counts = class_counts(build_split(cfg, 'train'), number)
    except (FileNotFoundError, TypeError, ValueError):
        # The files of a split may have come without the training set.
        return None
    return np.asarray(counts, dtype=np.float64)


def choose_mean(
    cfg: Config,
    trained: TrainedModel,
    dataset: Any,
    layout: Layout,
    device: torch.device,
) -> tuple[Tensor, str]:
    """Mean pose of the checkpoint, or measured over the training set.

    It is measured as ``SaliencyHook`` does, with the training's pipeline,
    but with fixed draws.

    Args:
        cfg (Config): Complete config.
        trained (TrainedModel): The recognizer.
        dataset (Dataset): Samples of the split.
        layout (Layout): Skeleton layout.
        device (torch.device): Where the sums of the ranks are reduced.

    Returns:
        tuple[Tensor, str]: Mean pose, shape (M, V, C), and its source.

    Raises:
        ValueError: If the samples are no skeletons of that layout, or unlike
            those of the training set.
    """
    with preserved_random_state():
        shape = SeededSamples(dataset)[0]['inputs'].shape
    if len(shape) != 5:
        raise ValueError(
            'exact saliency needs skeletons of shape (clips, M, T, V, C), '
            f'got {tuple(shape)}'
        )
    layout.check_joints(shape[3], 'the split')
    wanted = (shape[1], *shape[3:])
    mean = trained.mean_pose()
    if mean is not None and mean.shape == wanted:
        return mean.float(), 'of the checkpoint'
    train = build_split(cfg, 'train', augment=True)
    workers = cfg.train_dataloader.get('num_workers', 0)
    with preserved_random_state():
        mean = mean_pose(
            SeededSamples(train), num_workers=workers, device=device
        )
    if mean.shape != wanted:
        raise ValueError(
            f'the training set has poses of shape {tuple(mean.shape)}, the '
            f'split of shape {wanted}'
        )
    return mean, 'measured over the training set'


def restrict(
    dataset: Any,
    info: ClassInfo,
    *,
    classes: Sequence[str] | None = None,
    max_per_class: int | None = None,
    seed: int = 0,
) -> Any:
    """Keep some classes, and so many samples of each.

    Args:
        dataset (Dataset): Samples of the split.
        info (ClassInfo): Names of the classes.
        classes (Sequence[str], optional): Names or indices. Defaults to
            None: all.
        max_per_class (int, optional): Most samples of a class. Defaults to
            None: all.
        seed (int): Seed of the draw. Defaults to 0.

    Returns:
        Dataset: The samples that stay.

    Raises:
        ValueError: If a class is unknown, or no sample stays.
    """
    if classes is not None or max_per_class is not None:
        chosen = None
        if classes is not None:
            chosen = [class_index(name, info.names) for name in classes]
        indices = choose_samples(
            sample_labels(dataset),
            classes=chosen,
            max_per_class=max_per_class,
            seed=seed,
        )
        dataset = Subset(dataset, indices)
    if not len(dataset):
        raise ValueError('the split has no sample of the classes asked for')
    return dataset


def class_index(given: str, names: Sequence[str]) -> int:
    """Index of a class that is given by name or index.

    Args:
        given (str): Name, or index in digits.
        names (Sequence[str]): Names of all classes.

    Returns:
        int: The index.

    Raises:
        ValueError: If there is no such class.
    """
    if given in names:
        return names.index(given)
    if given.isdecimal() and int(given) < len(names):
        return int(given)
    raise ValueError(
        f'--classes: unknown class {given!r}; known are 0 to '
        f'{len(names) - 1}, and the names {", ".join(names)}'
    )


@dataclass(frozen=True)
class SaliencyResult:
    """Exact saliency of K classes and what it was computed from.

    Args:
        layout (Layout): Skeleton layout.
        sizes (tuple[int]): Sizes of the B combinations that are ranked.
        info (ClassInfo): Names and counts of the classes.
        mean (Tensor): Mean pose, shape (M, V, C).
        worths (Worths): Worths of all coalitions of each sample.
        saliency (ClassSaliency): Values of single parts and combinations.
        asked (Sequence[int], optional): Classes that were asked for, which
            alone are drawn. Defaults to None: all.
    """

    layout: Layout
    sizes: tuple[int, ...]
    info: ClassInfo
    mean: Tensor
    worths: Worths
    saliency: ClassSaliency
    asked: Sequence[int] | None = None

    @property
    def shown(self) -> list[int]:
        """list[int]: Classes to print and draw."""
        everyone = range(len(self.info.names))
        return sorted(set(everyone if self.asked is None else self.asked))

    @property
    def combinations(self) -> list[tuple[int, ...]]:
        """list[tuple[int]]: Parts of each ranked combination."""
        columns = self.saliency.columns(self.sizes)
        return [self.saliency.combinations[column] for column in columns]

    @property
    def joints(self) -> list[int]:
        """list[int]: Number of joints of each ranked combination."""
        sizes = [len(joints) for joints in self.layout.parts]
        return [sum(sizes[p] for p in parts) for parts in self.combinations]

    @property
    def exact(self) -> np.ndarray:
        """np.ndarray: Exact values of the ranked combinations, ``(K, B)``."""
        return self.saliency.values[:, self.saliency.columns(self.sizes)]


def write_result(folder: Path, result: SaliencyResult) -> None:
    """Write ``saliency.csv``, ``worths.npz`` and ``saliency.png``.

    The figure shows values per joint, the quantity that Eq. 3 ranks.

    Args:
        folder (Path): Where to.
        result (SaliencyResult): The outcome.
    """
    info, counts, groups = result.info, result.info.train_counts, None
    if counts is not None:
        few, many = info.thresholds
        groups = class_groups(counts, many=many, few=few)
    save_csv = partial(
        write_csv,
        saliency=result.saliency,
        part_names=result.layout.part_names,
        classes=info.names,
        train_counts=counts,
        groups=groups,
    )
    save_worths = partial(
        write_worths,
        saliency=result.saliency,
        layout=result.layout,
        classes=info.names,
        worths=result.worths.worths.numpy(),
        labels=result.worths.labels.numpy(),
        names=np.array(result.worths.names),
        mean_pose=result.mean.cpu().numpy(),
    )
    savers: tuple[Callable, ...] = (
        save_csv,
        save_worths,
        partial(_save_figure, result=result),
    )
    for name, save in zip(FILES, savers):
        with whole_file(folder / name) as part:
            save(part)


def _save_figure(path: Path, result: SaliencyResult) -> None:
    info, rows = result.info, result.shown
    counts, true_parts = info.train_counts, info.true_parts
    visualization.plot_saliency(
        (result.exact / result.joints)[rows],
        path,
        combinations=result.combinations,
        part_names=result.layout.part_names,
        class_counts=None if counts is None else np.asarray(counts)[rows],
        classes=[info.names[row] for row in rows],
        updates=result.saliency.samples[rows],
        true_parts=true_parts and [true_parts[row] for row in rows],
        thresholds=info.thresholds,
        title='Exact saliency of body parts, per joint',
    )


def combination_names(
    combinations: Sequence[Sequence[int]], part_names: Sequence[str]
) -> list[str]:
    """Spell combinations out.

    Args:
        combinations (Sequence[Sequence[int]]): Parts of each.
        part_names (Sequence[str]): Name of each part.

    Returns:
        list[str]: Such as ``trunk+left_arm``.
    """
    return ['+'.join(part_names[p] for p in parts) for parts in combinations]


def write_csv(
    path: Path,
    saliency: ClassSaliency,
    *,
    part_names: Sequence[str],
    classes: Sequence[str],
    train_counts: Sequence[float] | np.ndarray | None = None,
    groups: Sequence[str] | np.ndarray | None = None,
) -> None:
    """Write one row for each class that has samples.

    Args:
        path (Path): File.
        saliency (ClassSaliency): Values.
        part_names (Sequence[str]): Name of each part.
        classes (Sequence[str]): Name of each class.
        train_counts (Sequence[float], optional): Training samples of each
            class. Defaults to None: the column stays empty.
        groups (Sequence[str], optional): Group of each class. Defaults to
            None: the column stays empty.
    """
    names = combination_names(saliency.combinations, part_names)
    with open(path, 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(
            ['class', 'name', 'samples', 'train_count', 'group', *names]
        )
        for index in np.flatnonzero(saliency.samples).tolist():
            writer.writerow(
                [
                    index,
                    classes[index],
                    int(saliency.samples[index]),
                    '' if train_counts is None else f'{train_counts[index]:g}',
                    '' if groups is None else groups[index],
                    *(f'{v:.6f}' for v in saliency.values[index]),
                ]
            )


def write_worths(
    path: Path,
    saliency: ClassSaliency,
    layout: Layout,
    classes: Sequence[str],
    **arrays: np.ndarray,
) -> None:
    """Write all that the values were computed from, without pickles.

    Args:
        path (Path): An ``.npz`` file.
        saliency (ClassSaliency): Values.
        layout (Layout): Skeleton layout.
        classes (Sequence[str]): Name of each class.
        arrays (np.ndarray): More to write: ``worths`` (N, 2**P), ``labels``
            (N,), ``names`` (N,) and the like.
    """
    masks = [
        sum(1 << part for part in parts) for parts in saliency.combinations
    ]
    content: dict[str, Any] = dict(
        combinations=np.array(masks),
        combination_names=np.array(
            combination_names(saliency.combinations, layout.part_names)
        ),
        part_names=np.array(layout.part_names),
        part_mask=layout.part_mask(),
        classes=np.array(classes),
        values=saliency.values,
        std=saliency.std,
        samples=saliency.samples,
        **arrays,
    )
    np.savez_compressed(path, **content)
