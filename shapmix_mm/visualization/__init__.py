"""Figures of class counts and of learnt saliency, written as PNG files."""

from .class_counts import plot_class_counts
from .saliency import plot_saliency

__all__ = ['plot_class_counts', 'plot_saliency']
