"""Training samples per class, for figures that are made without training."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

from mmaction.registry import DATASETS
from mmengine.registry import DefaultScope

from shapmix_mm.config.data import innermost
from shapmix_mm.config.launch import check_annotations
from shapmix_mm.config.mixins import load_config

__all__ = ['TrainingCounts', 'read_training_counts']


class TrainingCounts(NamedTuple):
    """What many, medium and few rest on.

    Args:
        counts (list[float]): Training samples of each class.
        many (float): Many-shot classes have more.
        few (float): Few-shot classes have fewer.
    """

    counts: list[float]
    many: float
    few: float


def read_training_counts(source: str) -> TrainingCounts:
    """Find the training samples per class.

    Args:
        source (str): A config, whose test set tells them and whose
            LongTailMetric tells the thresholds; the CSV file that this metric
            writes; or the JSON manifest of a long-tailed list.

    Returns:
        TrainingCounts: The counts, and thresholds, 100 and 20 where the
        source names none.

    Raises:
        FileNotFoundError: If a file does not exist.
        KeyError: If it does not hold what such a file holds.
        ValueError: If it cannot be read, or if the config has no test set,
            or one that knows no training counts.
    """
    kind = Path(source).suffix
    if '::' not in source and not Path(source).is_file():
        raise FileNotFoundError(f'--class-counts {source} does not exist')
    if kind == '.csv':
        return TrainingCounts(_from_csv(source), 100, 20)
    if kind == '.json':
        return _from_manifest(source)
    return _from_config(source)


def _from_csv(source: str) -> list[float]:
    with open(source, newline='', encoding='utf-8') as stream:
        rows = list(csv.DictReader(stream))
    if not rows or not all(row.get('training_count') for row in rows):
        raise KeyError(
            f"{source} lacks the column 'training_count' of a file that "
            'LongTailMetric(per_class_file=...) writes'
        )
    return [float(row['training_count']) for row in rows]


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
    thresholds = content.get('thresholds', {})
    return TrainingCounts(
        content['counts'],
        thresholds.get('many', 100),
        thresholds.get('few', 20),
    )


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
    metrics = cfg.get('test_evaluator') or []
    metrics = metrics if isinstance(metrics, list) else [metrics]
    own = [m for m in metrics if m.get('type') == 'LongTailMetric'] or [{}]
    return TrainingCounts(
        list(counts), own[0].get('many', 100), own[0].get('few', 20)
    )
