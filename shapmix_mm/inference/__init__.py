"""From a clip to its class, how sure that is, and which parts made it so."""

from .clip import Clip, ClipError
from .recognizer import Answer, Prediction, Recognizer

__all__ = ['Answer', 'Clip', 'ClipError', 'Prediction', 'Recognizer']
