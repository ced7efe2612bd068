"""Turning many raw files into one annotation file, in resumable steps."""

from .annotation_file import stream_annotations, write_whole
from .running import (
    default_workers,
    run_with_progress,
    write_report,
    write_samples,
)
from .shards import ShardRun
from .skipped import Skipped, UnusableFile, skipped_summary, write_skipped
from .sources import SourceFile, list_source, read_source_file

__all__ = [
    'ShardRun',
    'Skipped',
    'SourceFile',
    'UnusableFile',
    'default_workers',
    'list_source',
    'read_source_file',
    'run_with_progress',
    'skipped_summary',
    'stream_annotations',
    'write_report',
    'write_samples',
    'write_skipped',
    'write_whole',
]
