"""Annotation files as memory-mapped folders that all processes share."""

from .columns import ArrayColumn, ValueColumn
from .commands import rebuild_command
from .index import CacheIndex, is_cache, read_index
from .normalisation import describe, leading, rest_of
from .pose_dataset import CachedPoseDataset
from .reading import CachedReading
from .samples import CachedSamples
from .store import CacheStore

# The builder reads annotation files, and so imports the room above.
__all__ = [
    'ArrayColumn',
    'CacheIndex',
    'CacheStore',
    'CachedPoseDataset',
    'CachedReading',
    'CachedSamples',
    'ValueColumn',
    'describe',
    'is_cache',
    'leading',
    'read_index',
    'rebuild_command',
    'rest_of',
]
