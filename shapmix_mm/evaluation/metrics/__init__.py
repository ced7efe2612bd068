"""Metrics registered with MMAction2."""

from .longtail_metric import LongTailMetric

__all__ = ['LongTailMetric']
