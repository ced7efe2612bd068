"""Kinetics-400 skeletons: MMAction2's table of contents and its kpfiles."""

from .kpfiles import find_kpfile, read_poses
from .pose_converter import FORMS, PoseConverter
from .two_persons import two_persons

__all__ = [
    'FORMS',
    'PoseConverter',
    'find_kpfile',
    'read_poses',
    'two_persons',
]
