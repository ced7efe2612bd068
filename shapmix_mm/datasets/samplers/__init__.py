"""Samplers that re-balance the classes."""

from .class_balanced_sampler import ClassBalancedSampler

__all__ = ['ClassBalancedSampler']
