"""Heads of the skeleton recognizers, compatible with MMAction2's."""

from .classifier_init import ClassifierNormalInit
from .cosine_gcn_head import CosineGCNHead, CosineLinear
from .feature_gcn_head import FeatureGCNHead

__all__ = [
    'ClassifierNormalInit',
    'CosineGCNHead',
    'CosineLinear',
    'FeatureGCNHead',
]
