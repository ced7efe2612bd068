"""What the tests of several data tools share."""

import sys
from pathlib import Path

import pytest

# As for a script that is started there: the commands share a module.
sys.path.insert(0, str(Path(__file__).parents[3] / 'tools' / 'data'))

# Keys of an annotation file, what an error calls them, and what it expects.
BAD = [
    (dict(split=dict(a=None)), "split 'a' of", 'None'),
    (dict(split=['s0']), 'split of', 'dict'),
    (dict(annotations=3), 'annotations of', 'list of dicts'),
    (dict(classes=3), 'classes of', 'list'),
    (dict(annotations=[dict(frame_dir=[1], label=0)]), 'frame_dir of', 'text'),
    (dict(annotations=[dict(frame_dir='s', label=10**13)]), "'s' of", 'label'),
]


@pytest.fixture(params=BAD, ids=lambda case: case[1])
def odd_content(request):
    """Keys of another kind, and two texts that belong into the error."""
    return request.param
