"""Recognizers, compatible with MMAction2's."""

from .frozen_recognizer_gcn import FrozenRecognizerGCN
from .refinement_recognizer_gcn import RefinementRecognizerGCN

__all__ = ['FrozenRecognizerGCN', 'RefinementRecognizerGCN']
