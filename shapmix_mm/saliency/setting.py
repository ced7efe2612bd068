"""What an exact analysis works with: samples, mean pose, counts, names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor
from torch.utils.data import Subset

from shapmix_mm.config.launch import num_classes_of
from shapmix_mm.datasets import class_counts
from shapmix_mm.saliency.mean_pose import mean_pose, preserved_random_state
from shapmix_mm.skeletons import Layout

from ..config.data import build_split
from ..config.trained_model import TrainedModel
from .sample_choice import SeededSamples, choose_samples, sample_labels

__all__ = ['ClassInfo', 'choose_mean', 'class_info', 'restrict']


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
    names = [str(name) for name in metainfo.get('classes') or ()]
    named = len(names) == number
    salient = metainfo.get('salient_parts') if named else None
    true_parts = None
    if salient and set(sum(salient.values(), [])) <= set(layout.part_names):
        true_parts = [
            [layout.part_names.index(part) for part in salient.get(name, ())]
            for name in names
        ]
    return ClassInfo(
        names if named else [str(index) for index in range(number)],
        _train_counts(cfg, trained, metainfo, number),
        _thresholds(cfg),
        true_parts,
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


def _thresholds(cfg: Config) -> tuple[float, float]:
    for key in ('test_evaluator', 'val_evaluator'):
        metrics = cfg.get(key) or []
        for metric in metrics if isinstance(metrics, list) else [metrics]:
            if metric.get('type') == 'LongTailMetric':
                return metric.get('few', 20), metric.get('many', 100)
    return 20, 100


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
            chosen = [_class_index(name, info.names) for name in classes]
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


def _class_index(given: str, names: Sequence[str]) -> int:
    if given in names:
        return names.index(given)
    if given.isdecimal() and int(given) < len(names):
        return int(given)
    raise ValueError(
        f'--classes: unknown class {given!r}; known are 0 to '
        f'{len(names) - 1}, and the names {", ".join(names)}'
    )
