"""Batch blends for skeletons, used by ``ActionDataPreprocessor``."""

from .drawn_blending import DrawnBlending
from .mixing import Mixture
from .mixture_blending import MixtureBlending
from .remix_blending import RemixBlending
from .shapmix_blending import ShapMixBlending
from .skelemix_blending import SkeleMixBlending
from .skeleton_blending import SkeletonBlending
from .skeleton_cutmix_blending import SkeletonCutMixBlending
from .skeleton_mixup_blending import SkeletonMixupBlending
from .stmix_blending import STMixBlending
from .tacnn_mix_blending import TaCNNMixBlending

__all__ = [
    'DrawnBlending',
    'Mixture',
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
