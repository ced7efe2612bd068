"""Recognizers, compatible with MMAction2's."""

from .expert_recognizer_gcn import (
    ExpertRecognizerGCN,
    FrozenExpertRecognizerGCN,
)
from .frozen_recognizer_gcn import FrozenRecognizerGCN
from .heatmap_recognizer_3d import HeatmapRecognizer3D
from .momentum_recognizer_gcn import MomentumRecognizerGCN
from .refinement_recognizer_gcn import RefinementRecognizerGCN
from .view_recognizer_gcn import ViewRecognizerGCN

__all__ = [
    'ExpertRecognizerGCN',
    'FrozenExpertRecognizerGCN',
    'FrozenRecognizerGCN',
    'HeatmapRecognizer3D',
    'MomentumRecognizerGCN',
    'RefinementRecognizerGCN',
    'ViewRecognizerGCN',
]
