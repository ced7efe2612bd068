"""Losses for long-tailed training, with hard and with soft targets."""

from .class_adaptive_loss import ClassAdaptiveLoss
from .class_balanced_loss import ClassBalancedLoss
from .class_weights import effective_number_weights, inverse_frequency_weights
from .contrastive_losses import (
    BalancedContrastiveLoss,
    ParametricContrastiveLoss,
)
from .deferred_reweighting_loss import DeferredReweightingLoss
from .expert_diversity_loss import ExpertDiversityLoss
from .focal_loss import FocalLoss
from .influence_balanced_loss import InfluenceBalancedLoss
from .ldam_loss import LDAMLoss
from .logit_adjusted_loss import BalancedSoftmaxLoss, LogitAdjustedLoss
from .longtail_loss import CountedLoss, LongTailLoss
from .mixture_consistency_loss import MixtureConsistencyLoss

__all__ = [
    'BalancedContrastiveLoss',
    'BalancedSoftmaxLoss',
    'ClassAdaptiveLoss',
    'ClassBalancedLoss',
    'CountedLoss',
    'DeferredReweightingLoss',
    'ExpertDiversityLoss',
    'FocalLoss',
    'InfluenceBalancedLoss',
    'LDAMLoss',
    'LogitAdjustedLoss',
    'LongTailLoss',
    'MixtureConsistencyLoss',
    'ParametricContrastiveLoss',
    'effective_number_weights',
    'inverse_frequency_weights',
]
