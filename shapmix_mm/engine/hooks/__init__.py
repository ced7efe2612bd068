"""Hooks that connect dataset, blend, loss and metric."""

from .class_counts_hook import ClassCountsHook
from .confusion_hook import ConfusionHook
from .cpu_timer_hook import CpuTimerHook
from .max_norm_hook import MaxNormHook
from .resumable_hook import ResumableHook
from .saliency_figure_hook import SaliencyFigureHook
from .saliency_hook import SaliencyHook
from .second_stage_hook import SecondStageHook
from .skeleton_visualization_hook import SkeletonVisualizationHook
from .tau_norm_hook import TauNormHook
from .train_accuracy_hook import TrainAccuracyHook
from .training_progress_hook import TrainingProgressHook

__all__ = [
    'ClassCountsHook',
    'ConfusionHook',
    'CpuTimerHook',
    'MaxNormHook',
    'ResumableHook',
    'SaliencyFigureHook',
    'SaliencyHook',
    'SecondStageHook',
    'SkeletonVisualizationHook',
    'TauNormHook',
    'TrainAccuracyHook',
    'TrainingProgressHook',
]
