"""Coalitions of body parts, their Shapley values and the saliency table."""

from .coalitions import combination_masks, combination_parts, mask_to_parts
from .exact import exact_shapley, shapley_weights
from .sampling import Draw, draw_marginal
from .table import SaliencyTable

__all__ = [
    'Draw',
    'SaliencyTable',
    'combination_masks',
    'combination_parts',
    'draw_marginal',
    'exact_shapley',
    'mask_to_parts',
    'shapley_weights',
]
