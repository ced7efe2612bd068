"""Batch blends for skeletons, used by ``ActionDataPreprocessor``."""

from .mixing import Mixture
from .shapmix_blending import ShapMixBlending
from .skeleton_blending import SkeletonBlending
from .stmix_blending import STMixBlending

__all__ = ['Mixture', 'STMixBlending', 'ShapMixBlending', 'SkeletonBlending']
