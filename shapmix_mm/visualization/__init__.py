"""Figures; each is read, and matplotlib with it, when it is first drawn."""

from importlib import import_module
from typing import Any

__all__ = [
    'MeanOfSeeds',
    'animate_mixed_sample',
    'part_errors',
    'plot_accuracy_by_count',
    'plot_accuracy_curves',
    'plot_annotations',
    'plot_bodies',
    'plot_class_counts',
    'plot_confusion',
    'plot_error_curves',
    'plot_mean_ranks',
    'plot_method_intervals',
    'plot_mixed_sample',
    'plot_prediction',
    'plot_reliability',
    'plot_saliency',
    'plot_saliency_history',
    'plot_training_curves',
]
_HOMES = dict(
    MeanOfSeeds='curves',
    part_errors='history',
    plot_accuracy_by_count='scores',
    plot_accuracy_curves='curves',
    plot_annotations='counts',
    plot_bodies='bodies',
    plot_class_counts='counts',
    plot_confusion='scores',
    plot_error_curves='curves',
    plot_mean_ranks='curves',
    plot_method_intervals='curves',
    plot_reliability='scores',
    plot_saliency='saliency',
    plot_saliency_history='history',
    plot_training_curves='curves',
)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    home = import_module(f'.{_HOMES.get(name, "clips")}', __name__)
    return getattr(home, name)
