"""Evaluation on plain arrays, free of any registry."""

from .calibration import (
    Calibration,
    are_probabilities,
    expected_calibration_error,
    probabilities,
)
from .grouped_accuracy import (
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
from .true_parts import (
    TruePartsFirst,
    classes_with_true_parts_first,
    named_parts,
)

__all__ = [
    'GROUPS',
    'Calibration',
    'GroupAccuracy',
    'GroupedAccuracy',
    'TruePartsFirst',
    'accuracy_table',
    'are_probabilities',
    'check_class_counts',
    'check_thresholds',
    'class_groups',
    'class_order',
    'classes_with_true_parts_first',
    'describe_thresholds',
    'expected_calibration_error',
    'grouped_accuracy',
    'named_parts',
    'probabilities',
    'write_per_class',
]
