"""Training engine: hooks, launching, and mixins for existing configs."""

from .hooks import (
    ClassCountsHook,
    ConfusionHook,
    CpuTimerHook,
    MaxNormHook,
    ResumableHook,
    SaliencyFigureHook,
    SaliencyHook,
    SecondStageHook,
    SkeletonVisualizationHook,
    TauNormHook,
    TrainAccuracyHook,
    TrainingProgressHook,
)
from .mixed_precision import BFloat16OptimWrapper
from .stepless_loop import SteplessTrainLoop
from .whole_files import WholeFileBackend

__all__ = [
    'BFloat16OptimWrapper',
    'ClassCountsHook',
    'ConfusionHook',
    'CpuTimerHook',
    'MaxNormHook',
    'ResumableHook',
    'SaliencyFigureHook',
    'SaliencyHook',
    'SecondStageHook',
    'SkeletonVisualizationHook',
    'SteplessTrainLoop',
    'TauNormHook',
    'TrainAccuracyHook',
    'TrainingProgressHook',
    'WholeFileBackend',
]
