"""Evaluation on plain arrays, free of any registry."""

from .accuracy_report import accuracy_table, write_per_class
from .class_groups import (
    GROUPS,
    check_class_counts,
    check_thresholds,
    class_groups,
)
from .grouped_accuracy import GroupAccuracy, GroupedAccuracy, grouped_accuracy

__all__ = [
    'GROUPS',
    'GroupAccuracy',
    'GroupedAccuracy',
    'accuracy_table',
    'check_class_counts',
    'check_thresholds',
    'class_groups',
    'grouped_accuracy',
    'write_per_class',
]
