"""Heads of the skeleton recognizers, compatible with MMAction2's."""

from .classifier_init import ClassifierNormalInit
from .contrastive_heads import (
    BalancedContrastiveHead,
    ParametricContrastiveHead,
)
from .cosine_gcn_head import CosineGCNHead, CosineLinear
from .expert_gcn_head import ExpertGCNHead
from .expert_routing_head import ExpertRoutingHead
from .feature_composition_head import FeatureCompositionHead
from .feature_gcn_head import FeatureGCNHead
from .fr_head import FRHead
from .latent_heads import InformationHead, StreamHead
from .mixture_consistency_head import MixtureConsistencyHead

__all__ = [
    'BalancedContrastiveHead',
    'ClassifierNormalInit',
    'CosineGCNHead',
    'CosineLinear',
    'ExpertGCNHead',
    'ExpertRoutingHead',
    'FRHead',
    'FeatureCompositionHead',
    'FeatureGCNHead',
    'InformationHead',
    'MixtureConsistencyHead',
    'ParametricContrastiveHead',
    'StreamHead',
]
