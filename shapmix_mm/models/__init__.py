"""Models: blends, losses, heads and backbones, registered in MMAction2."""

from .backbones import CTRGCN
from .blending import (
    MixtureBlending,
    RemixBlending,
    ShapMixBlending,
    SkeleMixBlending,
    SkeletonBlending,
    SkeletonCutMixBlending,
    SkeletonMixupBlending,
    STMixBlending,
    TaCNNMixBlending,
)
from .heads import ClassifierNormalInit, CosineGCNHead, FeatureGCNHead
from .losses import (
    BalancedSoftmaxLoss,
    ClassBalancedLoss,
    DeferredReweightingLoss,
    FocalLoss,
    InfluenceBalancedLoss,
    LDAMLoss,
    LogitAdjustedLoss,
)
from .recognizers import FrozenRecognizerGCN

__all__ = [
    'CTRGCN',
    'BalancedSoftmaxLoss',
    'ClassBalancedLoss',
    'ClassifierNormalInit',
    'CosineGCNHead',
    'DeferredReweightingLoss',
    'FeatureGCNHead',
    'FocalLoss',
    'FrozenRecognizerGCN',
    'InfluenceBalancedLoss',
    'LDAMLoss',
    'LogitAdjustedLoss',
    'MixtureBlending',
    'RemixBlending',
    'STMixBlending',
    'ShapMixBlending',
    'SkeleMixBlending',
    'SkeletonBlending',
    'SkeletonCutMixBlending',
    'SkeletonMixupBlending',
    'TaCNNMixBlending',
]
