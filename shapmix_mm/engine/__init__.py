"""Training engine: hooks, launching, and mixins for existing configs."""

from .hooks import (
    ClassCountsHook,
    SaliencyFigureHook,
    SaliencyHook,
    TrainAccuracyHook,
    TrainingProgressHook,
)
from .whole_files import WholeFileBackend

__all__ = [
    'ClassCountsHook',
    'SaliencyFigureHook',
    'SaliencyHook',
    'TrainAccuracyHook',
    'TrainingProgressHook',
    'WholeFileBackend',
]
