"""Metrics registered with MMAction2."""

from .dump_scores import DumpScores
from .longtail_metric import LongTailMetric, metric_thresholds, thresholds_of

__all__ = [
    'DumpScores',
    'LongTailMetric',
    'metric_thresholds',
    'thresholds_of',
]
