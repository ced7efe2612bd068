"""Coalitions of body parts, their Shapley values and the saliency table."""

from .coalitions import combination_masks, combination_parts, mask_to_parts
from .estimators import ESTIMATORS, Estimator, get_estimator
from .exact import exact_shapley, shapley_weights
from .plan import Plan, sum_by_class
from .sampling import Draw, draw_marginal
from .table import AVERAGES, SaliencyTable

__all__ = [
    'AVERAGES',
    'ESTIMATORS',
    'Draw',
    'Estimator',
    'Plan',
    'SaliencyTable',
    'combination_masks',
    'combination_parts',
    'draw_marginal',
    'exact_shapley',
    'get_estimator',
    'mask_to_parts',
    'shapley_weights',
    'sum_by_class',
]
