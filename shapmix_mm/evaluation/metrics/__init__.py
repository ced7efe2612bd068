"""Metrics registered with MMAction2."""

from .dump_scores import DumpScores
from .longtail_metric import LongTailMetric

__all__ = ['DumpScores', 'LongTailMetric']
