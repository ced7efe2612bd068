"""Recognizers, compatible with MMAction2's."""

from .expert_recognizer_gcn import ExpertRecognizerGCN
from .frozen_recognizer_gcn import FrozenRecognizerGCN
from .heatmap_recognizer_3d import HeatmapRecognizer3D
from .refinement_recognizer_gcn import RefinementRecognizerGCN

__all__ = [
    'ExpertRecognizerGCN',
    'FrozenRecognizerGCN',
    'HeatmapRecognizer3D',
    'RefinementRecognizerGCN',
]
