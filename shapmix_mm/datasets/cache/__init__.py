"""Annotation files as memory-mapped files that all processes share."""

from .cache_file import CacheFile, is_cache
from .normalisation import describe, leading
from .pose_dataset import CachedPoseDataset
from .samples import CachedSamples
from .source import rebuild_command

# The builder reads annotation files, and so imports the room above.
__all__ = [
    'CacheFile',
    'CachedPoseDataset',
    'CachedSamples',
    'describe',
    'is_cache',
    'leading',
    'rebuild_command',
]
