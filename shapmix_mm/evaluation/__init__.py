"""Accuracy of long-tailed recognition, as functions and as a metric."""

from .functional import (
    GROUPS,
    GroupAccuracy,
    GroupedAccuracy,
    accuracy_table,
    check_class_counts,
    check_thresholds,
    class_groups,
    grouped_accuracy,
    write_per_class,
)
from .metrics import DumpScores, LongTailMetric

__all__ = [
    'GROUPS',
    'DumpScores',
    'GroupAccuracy',
    'GroupedAccuracy',
    'LongTailMetric',
    'accuracy_table',
    'check_class_counts',
    'check_thresholds',
    'class_groups',
    'grouped_accuracy',
    'write_per_class',
]
