"""Evaluation on plain arrays, free of any registry."""

from .accuracy_report import accuracy_table, write_per_class
from .calibration import Calibration, expected_calibration_error
from .class_groups import (
    GROUPS,
    check_class_counts,
    check_thresholds,
    class_groups,
)
from .grouped_accuracy import GroupAccuracy, GroupedAccuracy, grouped_accuracy
from .true_parts import TruePartsFirst, classes_with_true_parts_first

__all__ = [
    'GROUPS',
    'Calibration',
    'GroupAccuracy',
    'GroupedAccuracy',
    'TruePartsFirst',
    'accuracy_table',
    'check_class_counts',
    'check_thresholds',
    'class_groups',
    'classes_with_true_parts_first',
    'expected_calibration_error',
    'grouped_accuracy',
    'write_per_class',
]
