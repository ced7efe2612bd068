"""Batch blends for skeletons, used by ``ActionDataPreprocessor``."""

from .beta_blending import SkeletonCutMixBlending, SkeletonMixupBlending
from .global_local_blending import GlobalLocalBlending
from .mixing import Mixture
from .mixture_blending import MixtureBlending
from .rebalanced_part_blending import RebalancedPartBlending
from .remix_blending import RemixBlending
from .shapmix_blending import ShapMixBlending
from .skelemix_blending import SkeleMixBlending
from .skeleton_blending import SkeletonBlending
from .stmix_blending import STMixBlending
from .tacnn_mix_blending import TaCNNMixBlending

__all__ = [
    'GlobalLocalBlending',
    'Mixture',
    'MixtureBlending',
    'RebalancedPartBlending',
    'RemixBlending',
    'STMixBlending',
    'ShapMixBlending',
    'SkeleMixBlending',
    'SkeletonBlending',
    'SkeletonCutMixBlending',
    'SkeletonMixupBlending',
    'TaCNNMixBlending',
]
