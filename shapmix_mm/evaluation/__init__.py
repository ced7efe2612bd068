"""Accuracy of long-tailed recognition, as functions and as a metric."""

from .functional import (
    GROUPS,
    GroupAccuracy,
    GroupedAccuracy,
    accuracy_table,
    check_class_counts,
    check_thresholds,
    class_groups,
    class_order,
    describe_thresholds,
    grouped_accuracy,
    write_per_class,
)
from .metrics import (
    DumpScores,
    LongTailMetric,
    metric_thresholds,
    thresholds_of,
)

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
    'class_order',
    'describe_thresholds',
    'grouped_accuracy',
    'metric_thresholds',
    'thresholds_of',
    'write_per_class',
]
