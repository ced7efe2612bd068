"""Samplers that re-balance the classes."""

from .class_balanced_sampler import ClassBalancedSampler
from .paired_sampler import PairedSampler
from .progressive_sampler import ProgressiveSampler
from .random_over_sampler import RandomOverSampler

__all__ = [
    'ClassBalancedSampler',
    'PairedSampler',
    'ProgressiveSampler',
    'RandomOverSampler',
]
