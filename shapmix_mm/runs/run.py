"""All that a report knows of a training run."""

from __future__ import annotations

import csv
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import numpy as np
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from shapmix_mm.config.launch import check_annotations
from shapmix_mm.datasets import class_counts

from .run_files import Progress
from .run_log import RunLog
from .scores import Scores

__all__ = ['Run', 'known_classes', 'thresholds_of']


# Training samples per class, and the names.
_Classes = tuple[Sequence[float], Optional[Sequence[str]]]


@dataclass
class Run:
    """A training run, read.

    Attributes:
        work_dir (Path): Work directory.
        name (str): Name of the config file.
        cfg (Config): Config of the run.
        log (RunLog): What it logged.
        progress (Progress): How far it came.
        checkpoint (Path, optional): Checkpoint of the report.
        state (dict): Its state dict; empty without a checkpoint.
        test (Scores, optional): Its scores on the test set.
        counts (np.ndarray, optional): Training samples per class, ``(K,)``.
        classes (list[str], optional): Names of the classes.
        thresholds (tuple[float, float]): Counts (few, many) of the groups.
        folder (Path): Where figures are drawn.
    """

    work_dir: Path
    name: str
    cfg: Config
    log: RunLog
    progress: Progress
    checkpoint: Path | None
    state: dict[str, Any]
    test: Scores | None
    counts: np.ndarray | None
    classes: list[str] | None
    thresholds: tuple[float, float]
    folder: Path


def thresholds_of(cfg: Config) -> tuple[float, float]:
    """Read the bounds of the groups that the run's metric uses.

    Args:
        cfg (Config): Config of the run.

    Returns:
        tuple[float, float]: Counts (few, many).
    """
    metric = _metric(cfg)
    return metric.get('few', 20), metric.get('many', 100)


def _metric(cfg: Config) -> dict[str, Any]:
    for key in ('test_evaluator', 'val_evaluator'):
        found = cfg.get(key) or []
        for item in found if isinstance(found, (list, tuple)) else [found]:
            if item.get('type') == 'LongTailMetric':
                return item
    return {}


def known_classes(
    work_dir: Path, cfg: Config, state: dict[str, Any], test: Scores | None
) -> tuple[np.ndarray | None, list[str] | None]:
    """Find the training samples and the names of the classes.

    They come from the first that has them of: metric, test set, checkpoint,
    table of the last validation, training set.

    Args:
        work_dir (Path): Work directory.
        cfg (Config): Config of the run.
        state (dict): State dict of the checkpoint.
        test (Scores, optional): Result of the test.

    Returns:
        tuple: Counts ``(K,)`` and names, each None where unknown.
    """
    metainfo = {} if test is None else test.metainfo
    counts: Any = _metric(cfg).get('class_counts')
    if counts is None:
        counts = metainfo.get('class_counts')
    if counts is None:
        held = [v for k, v in state.items() if k.endswith('.class_counts')]
        counts = next((v.tolist() for v in held if v.numel()), None)
    classes = metainfo.get('classes')
    if counts is None or classes is None:
        saved = _from_table(work_dir / 'per_class.csv') or (
            _from_training_set(cfg) if counts is None or test is None else None
        )
        if saved is not None:
            counts = saved[0] if counts is None else counts
            classes = saved[1] if classes is None else classes
    if counts is None:
        return None, classes
    if classes is not None and len(classes) != len(counts):
        classes = None
    return np.asarray(counts, dtype=np.float64), classes


def _from_table(path: Path) -> _Classes | None:
    try:
        with open(path, newline='', encoding='utf-8') as stream:
            rows = list(csv.DictReader(stream))
        counts = [float(row['training_count']) for row in rows]
        names = [row['name'] for row in rows]
    except (OSError, KeyError, ValueError, TypeError):
        return None
    return (counts, names if all(names) else None) if rows else None


def _from_training_set(cfg: Config) -> _Classes | None:
    try:
        check_annotations(cfg, 'train_dataloader')
        scope = cfg.get('default_scope') or 'mmaction'
        with DefaultScope.overwrite_default_scope(scope):
            dataset = DATASETS.build(cfg.train_dataloader.dataset)
        counts = class_counts(dataset, cfg.model.cls_head.num_classes)
    except Exception as error:
        # Counts are a part of the page only; it says that they are unknown.
        logging.getLogger(__name__).info('no class counts: %s', error)
        return None
    metainfo = getattr(dataset, 'metainfo', None) or {}
    return counts, metainfo.get('classes')
