"""Coalitions of body parts, their Shapley values and the saliency table."""

from .coalitions import combination_masks, combination_parts, mask_to_parts
from .estimators import (
    ESTIMATORS,
    Estimator,
    Plan,
    get_estimator,
    sum_by_class,
)
from .exact import exact_shapley, shapley_weights
from .table import AVERAGES, SaliencyTable, part_weights

__all__ = [
    'AVERAGES',
    'ESTIMATORS',
    'Estimator',
    'Plan',
    'SaliencyTable',
    'combination_masks',
    'combination_parts',
    'exact_shapley',
    'get_estimator',
    'mask_to_parts',
    'part_weights',
    'shapley_weights',
    'sum_by_class',
]
