"""Turning many raw files into one annotation file, in resumable steps."""

from .annotation_file import stream_annotations
from .disk import check_target
from .joining import (
    NothingUsable,
    join_and_report,
    write_report,
    write_samples,
)
from .running import default_workers, run_with_progress
from .shard_file import DamagedShard
from .shards import ShardRun
from .skipped import Skipped, UnusableFile, skipped_summary, write_skipped
from .sources import SourceFile, list_source, read_source_file

__all__ = [
    'DamagedShard',
    'NothingUsable',
    'ShardRun',
    'Skipped',
    'SourceFile',
    'UnusableFile',
    'check_target',
    'default_workers',
    'join_and_report',
    'list_source',
    'read_source_file',
    'run_with_progress',
    'skipped_summary',
    'stream_annotations',
    'write_report',
    'write_samples',
    'write_skipped',
]
