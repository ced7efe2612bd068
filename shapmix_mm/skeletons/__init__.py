"""Joint layouts, their body parts and their bones."""

from .bones import joint_to_bone
from .builtin import BUILTIN_LAYOUTS
from .layout import Layout, get_layout

__all__ = ['BUILTIN_LAYOUTS', 'Layout', 'get_layout', 'joint_to_bone']
