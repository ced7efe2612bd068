"""Training engine: hooks, launching, and mixins for existing configs."""
from .hooks import (ClassCountsHook, SaliencyFigureHook, SaliencyHook,
                    TrainAccuracyHook)

__all__ = [
    'ClassCountsHook', 'SaliencyFigureHook', 'SaliencyHook',
    'TrainAccuracyHook'
]
