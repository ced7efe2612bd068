"""What the tests of several data tools share."""

import pytest

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
