"""Training samples per class, names and groups, wherever a run tells them."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from shapmix_mm.config.class_names import find_class_names
from shapmix_mm.config.data import innermost
from shapmix_mm.config.launch import check_annotations
from shapmix_mm.config.mixins import load_config
from shapmix_mm.datasets import class_counts
from shapmix_mm.evaluation import (
    GROUPS,
    class_groups,
    describe_thresholds,
    thresholds_of,
)
from shapmix_mm.evaluation.metrics.longtail_metric import (
    FEW,
    MANY,
    metric_settings,
)

from .scores import Scores

__all__ = ['TrainingCounts', 'known_classes', 'read_training_counts']


@dataclass(frozen=True)
class TrainingCounts:
    """What many, medium and few rest on.

    Attributes:
        counts (Sequence[float]): Training samples of each class.
        many (float): Many-shot classes have more.
        few (float): Few-shot classes have fewer.
        about (str): What the groups are, for people; empty to say it by the
            thresholds.
    """

    counts: Sequence[float]
    many: float = MANY
    few: float = FEW
    about: str = ''

    def with_thresholds(
        self, many: float | None, few: float | None
    ) -> TrainingCounts:
        """The same counts, grouped by what is given."""
        if many is None and few is None:
            return self
        many = self.many if many is None else many
        few = self.few if few is None else few
        return replace(self, many=many, few=few, about='')

    @property
    def groups(self) -> str:
        """What the groups are, for people."""
        return self.about or describe_thresholds(self.many, self.few)


def read_training_counts(source: str) -> TrainingCounts:
    """Find the training samples per class.

    Args:
        source (str): A config, whose test set tells them and whose
            LongTailMetric tells the thresholds; the CSV file that this metric
            writes, whose groups are kept; or the JSON manifest of a
            long-tailed list.

    Returns:
        TrainingCounts: The counts, and thresholds, 100 and 20 where the
        source names none.

    Raises:
        FileNotFoundError: If a file does not exist.
        KeyError: If it does not hold what such a file holds.
        ValueError: If it cannot be read, or if the config has no test set,
            or one that knows no training counts.
    """
    if '::' not in source and not Path(source).is_file():
        raise FileNotFoundError(f'--class-counts {source} does not exist')
    kind = Path(source).suffix
    if kind == '.csv':
        return _from_csv(Path(source))
    if kind == '.json':
        return _from_manifest(source)
    return _from_config(source)


def _read_table(path: Path) -> list[dict[str, str]]:
    """Rows of the file that LongTailMetric writes."""
    with open(path, newline='', encoding='utf-8') as stream:
        rows = list(csv.DictReader(stream))
    if not rows or not all(row.get('training_count') for row in rows):
        raise KeyError(
            f"{path} lacks the column 'training_count' of a file that "
            'LongTailMetric(per_class_file=...) writes'
        )
    return rows


def _from_csv(path: Path) -> TrainingCounts:
    rows = _read_table(path)
    counts = np.array([float(row['training_count']) for row in rows])
    groups = np.array([row.get('group') or '' for row in rows])
    if not np.isin(groups, GROUPS).all():
        return TrainingCounts(counts.tolist())
    few, many = _bounds(counts, groups)
    if class_groups(counts, many=many, few=few).tolist() != groups.tolist():
        raise ValueError(
            f'{path}: its groups do not follow its training counts'
        )
    ranges = ', '.join(
        f'{name} {counts[groups == name].min():g} to '
        f'{counts[groups == name].max():g}'
        for name in GROUPS
        if (groups == name).any()
    )
    about = f'those of {path.name}: {ranges} training samples'
    return TrainingCounts(counts.tolist(), many, few, about)


def _bounds(counts: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Thresholds (few, many) between groups; any such give the same ones."""
    medium = counts[groups == 'medium']
    if medium.size:
        return float(medium.min()), float(medium.max())
    least, most = counts[groups == 'many'], counts[groups == 'few']
    lower = most.max() if most.size else least.min() - 1
    upper = least.min() if least.size else most.max() + 1
    return (lower + upper) / 2, (lower + upper) / 2


def _from_manifest(source: str) -> TrainingCounts:
    try:
        content = json.loads(Path(source).read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{source} is no JSON file: {error}') from error
    if not isinstance(content, dict) or 'counts' not in content:
        raise KeyError(
            f"{source} lacks the key 'counts' of a manifest that "
            'tools/data/make_longtail_split.py writes'
        )
    return TrainingCounts(content['counts'], **content.get('thresholds', {}))


def _from_config(source: str) -> TrainingCounts:
    cfg = load_config(source)
    check_annotations(cfg, 'test_dataloader')
    settings = next(innermost(cfg.get('test_dataloader')), None)
    if settings is None or 'type' not in settings:
        raise ValueError(
            f'config {source} has no test_dataloader with a dataset, which '
            'would tell the training counts'
        )
    with DefaultScope.overwrite_default_scope('mmaction'):
        dataset: Any = DATASETS.build(settings)
    counts = dataset.metainfo.get('class_counts')
    if counts is None:
        raise ValueError(
            f'the test set of {source} knows no training counts; '
            'LongTailedPoseDataset does'
        )
    few, many = thresholds_of(cfg)
    return TrainingCounts(list(counts), many, few)


def known_classes(
    work_dir: Path, cfg: Config, state: dict[str, Any], test: Scores | None
) -> tuple[np.ndarray | None, Sequence[str] | None]:
    """Find the training samples and the names of the classes of a run.

    They come from the first that has them of: metric, test set, checkpoint,
    table of the last validation, training set, config.

    Args:
        work_dir (Path): Work directory.
        cfg (Config): Config of the run.
        state (dict): State dict of the checkpoint.
        test (Scores, optional): Result of the test.

    Returns:
        tuple: Counts ``(K,)`` and names, each None where unknown.
    """
    metainfo = {} if test is None else test.metainfo
    held = [v for k, v in state.items() if k.endswith('.class_counts')]
    sources = [
        (metric_settings(cfg) or {}).get('class_counts'),
        metainfo.get('class_counts'),
        next((v.tolist() for v in held if v.numel()), None),
    ]
    counts: Any = next((found for found in sources if found is not None), None)
    classes = metainfo.get('classes')
    if counts is None or classes is None:
        saved = _saved_classes(work_dir / 'per_class.csv')
        if saved is None and (counts is None or test is None):
            saved = _from_training_set(cfg)
        if saved is not None:
            counts = saved[0] if counts is None else counts
            classes = saved[1] if classes is None else classes
    if counts is None:
        return None, classes
    if classes is None or len(classes) != len(counts):
        classes = find_class_names(len(counts), cfg=cfg)
    return np.asarray(counts, dtype=np.float64), classes


def _saved_classes(path: Path) -> tuple[Any, Any] | None:
    try:
        rows = _read_table(path)
        counts = [float(row['training_count']) for row in rows]
    except (OSError, KeyError, ValueError):
        return None
    names = [row.get('name') for row in rows]
    return counts, (names if all(names) else None)


def _from_training_set(cfg: Config) -> tuple[Any, Any] | None:
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
