"""Samplers that re-balance the classes."""

from .class_balanced_sampler import ClassBalancedSampler
from .composition_sampler import CompositionSampler
from .paired_sampler import PairedSampler
from .progressive_sampler import ProgressiveSampler
from .random_over_sampler import RandomOverSampler
from .tail_repeat_sampler import TailRepeatSampler

__all__ = [
    'ClassBalancedSampler',
    'CompositionSampler',
    'PairedSampler',
    'ProgressiveSampler',
    'RandomOverSampler',
    'TailRepeatSampler',
]
