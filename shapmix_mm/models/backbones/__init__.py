"""Backbones."""

from .ctrgcn import CTRGCN
from .efficientgcn import EfficientGCN
from .hdgcn import HDGCN
from .infogcn import InfoGCN
from .msg3d import MSG3D
from .mstgcn import MSTGCN
from .sgn import SGN
from .shiftgcn import ShiftGCN
from .streamgcn import StreamGCN

__all__ = [
    'CTRGCN',
    'EfficientGCN',
    'HDGCN',
    'InfoGCN',
    'MSG3D',
    'MSTGCN',
    'SGN',
    'ShiftGCN',
    'StreamGCN',
]
