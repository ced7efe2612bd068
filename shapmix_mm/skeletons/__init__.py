"""Joint layouts, their body parts and their bones."""

from .body_frame import (
    BodyJoints,
    Stance,
    body_frame,
    clip_frame,
    find_body_joints,
    find_stance,
)
from .bones import bones_to_joints, joint_to_bone, joint_to_skip
from .builtin import BUILTIN_LAYOUTS
from .layout import Layout, get_layout
from .proposal import guess_bones, propose_layout, read_joints

__all__ = [
    'BUILTIN_LAYOUTS',
    'BodyJoints',
    'Layout',
    'Stance',
    'body_frame',
    'clip_frame',
    'bones_to_joints',
    'find_body_joints',
    'find_stance',
    'get_layout',
    'guess_bones',
    'joint_to_bone',
    'joint_to_skip',
    'propose_layout',
    'read_joints',
]
