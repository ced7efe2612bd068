"""Training engine: hooks, launching, and mixins for existing configs."""
from .hooks import ClassCountsHook, SaliencyHook, TrainAccuracyHook

__all__ = ['ClassCountsHook', 'SaliencyHook', 'TrainAccuracyHook']
