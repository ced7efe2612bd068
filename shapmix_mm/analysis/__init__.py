"""Offline analysis of trained recognizers: exact values and replays."""

from .class_saliency import ClassSaliency, class_saliency, table_error
from .evaluation_data import build_split
from .exact_saliency import Worths, exact_worths
from .replay import FrozenModel, Scheme, replay
from .saliency_setting import choose_mean, class_info, restrict
from .sample_choice import SeededSamples, choose_samples, sample_labels
from .trained_model import choose_layout, default_sizes, load_trained

__all__ = [
    'ClassSaliency',
    'FrozenModel',
    'Scheme',
    'SeededSamples',
    'Worths',
    'build_split',
    'choose_layout',
    'choose_mean',
    'choose_samples',
    'class_info',
    'class_saliency',
    'default_sizes',
    'exact_worths',
    'load_trained',
    'replay',
    'restrict',
    'sample_labels',
    'table_error',
]
