"""Hooks that connect dataset, blend, loss and metric."""

from .class_counts_hook import ClassCountsHook
from .saliency_figure_hook import SaliencyFigureHook
from .saliency_hook import SaliencyHook
from .train_accuracy_hook import TrainAccuracyHook
from .training_progress_hook import TrainingProgressHook

__all__ = [
    'ClassCountsHook',
    'SaliencyFigureHook',
    'SaliencyHook',
    'TrainAccuracyHook',
    'TrainingProgressHook',
]
