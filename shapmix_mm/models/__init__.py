"""Models: blends, losses and backbones, registered in MMAction2."""

from .backbones import CTRGCN
from .blending import ShapMixBlending, SkeletonBlending, STMixBlending
from .losses import BalancedSoftmaxLoss

__all__ = [
    'CTRGCN',
    'BalancedSoftmaxLoss',
    'STMixBlending',
    'ShapMixBlending',
    'SkeletonBlending',
]
