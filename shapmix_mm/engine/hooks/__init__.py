"""Hooks that connect dataset, blend, loss and metric."""
from .class_counts_hook import ClassCountsHook
from .saliency_hook import SaliencyHook
from .train_accuracy_hook import TrainAccuracyHook

__all__ = ['ClassCountsHook', 'SaliencyHook', 'TrainAccuracyHook']
