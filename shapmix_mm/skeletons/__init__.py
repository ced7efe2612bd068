"""Joint layouts, their body parts and their bones."""

from .bones import bones_to_joints, joint_to_bone
from .builtin import BUILTIN_LAYOUTS
from .layout import Layout, get_layout

__all__ = [
    'BUILTIN_LAYOUTS',
    'Layout',
    'bones_to_joints',
    'get_layout',
    'joint_to_bone',
]
