"""From a clip to its class, how sure that is, and which parts made it so."""

from .clip import Clip, ClipError, annotation_clip, array_clip
from .explanation import ClassExplanation, Segment
from .page import write_page
from .page_data import explained_clip, page_of, timeline_clip
from .readers import find_files, read_clips
from .recognizer import (
    Answer,
    Explanation,
    Prediction,
    Recognizer,
    SegmentCount,
)
from .timeline import Timeline, find_timeline, write_timelines

__all__ = [
    'Answer',
    'ClassExplanation',
    'Clip',
    'ClipError',
    'Explanation',
    'Prediction',
    'Recognizer',
    'Segment',
    'SegmentCount',
    'Timeline',
    'annotation_clip',
    'array_clip',
    'explained_clip',
    'find_files',
    'find_timeline',
    'page_of',
    'read_clips',
    'timeline_clip',
    'write_page',
    'write_timelines',
]
