"""NTU RGB+D 60 and 120: from raw ``.skeleton`` text to annotations."""

from .body_choice import RULES, slot_bodies, tracked_bodies
from .converter import NTUConverter
from .names import (
    PUBLISHED_COUNTS,
    parse_file_name,
    read_missing_list,
    split_names,
)
from .selection import select_files
from .skeleton_text import RawSkeleton, parse_skeleton

__all__ = [
    'PUBLISHED_COUNTS',
    'RULES',
    'NTUConverter',
    'RawSkeleton',
    'parse_file_name',
    'parse_skeleton',
    'read_missing_list',
    'select_files',
    'slot_bodies',
    'split_names',
    'tracked_bodies',
]
