"""Figures of class counts, learnt saliency and mixed samples."""

from .bodies import plot_bodies
from .body_plane import bones_to_joints
from .class_counts import plot_class_counts
from .error_curves import plot_error_curves
from .mixed_sample import animate_mixed_sample, plot_mixed_sample
from .saliency import plot_saliency
from .saliency_history import plot_saliency_history

__all__ = [
    'animate_mixed_sample',
    'bones_to_joints',
    'plot_bodies',
    'plot_class_counts',
    'plot_error_curves',
    'plot_mixed_sample',
    'plot_saliency',
    'plot_saliency_history',
]
