"""Samplers that re-balance the classes."""

from .class_balanced_sampler import ClassBalancedSampler
from .progressive_sampler import ProgressiveSampler
from .random_over_sampler import RandomOverSampler

__all__ = ['ClassBalancedSampler', 'ProgressiveSampler', 'RandomOverSampler']
