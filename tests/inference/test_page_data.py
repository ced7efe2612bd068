"""What the page is told, for clips in three and two dimensions."""

import json

import numpy as np
import pytest
from pydantic import TypeAdapter

from shapmix_mm.inference import (
    array_clip,
    explained_clip,
    find_timeline,
    page_of,
    timeline_clip,
    write_page,
)
from shapmix_mm.inference.page import Page
from shapmix_mm.inference.page_data import _rounded, _upwards
from shapmix_mm.skeletons import get_layout

# All keys of the page's form and no others.
PAGE = TypeAdapter(Page)


def test_a_page_of_clips_and_recordings_can_be_written(
    recognizer, test_clips, tmp_path
):
    found = recognizer.explain(test_clips[1], range(4), joints=True)
    pose = np.tile(test_clips[1]['keypoint'], (1, 3, 1, 1))
    line = find_timeline(recognizer, array_clip(pose), 13, threshold=0.0)
    clips = [
        explained_clip(found),
        timeline_clip(line, recognizer.layout, recognizer.classes),
    ]
    page = page_of('nine.py', clips)
    assert json.loads(json.dumps(page)) == page
    one, two = page['clips']
    assert np.shape(one['points']) == test_clips[1]['keypoint'].shape
    np.testing.assert_allclose(
        one['points'], test_clips[1]['keypoint'], rtol=1e-3
    )
    assert one['true'] == 0 and one['joints'][3] == 'left_hand'
    assert list(one['explained']) == ['0', '1', '2', '3']
    told = one['explained']['2']
    assert sum(told['joints']) == pytest.approx(
        told['all'] - told['none'], abs=1e-6
    )
    # Nine joints are enumerated.
    assert told['joint_errors'] == [0.0] * 9
    values = [block['value'] for block in told['combinations']]
    assert len(values) == 20 and values == sorted(values, reverse=True)
    assert two['timeline']['windows'][-1]['end'] == 39
    seen = {w['index'] for w in two['timeline']['windows']}
    assert two['timeline']['classes'] == {
        str(i): recognizer.classes[i] for i in sorted(seen)
    }
    # Of a recording as a whole, nothing is said.
    assert two['classes'] == [] and two['explained'] == {}
    assert PAGE.validate_python(page, strict=True) == page
    write_page(page, tmp_path / 'page.html')


def test_a_class_beyond_the_likeliest_is_shown_when_explained(
    recognizer, test_clips
):
    chances = recognizer.predict(test_clips[0]).probabilities
    worst = int(chances.argmin())
    found = recognizer.explain(test_clips[0], [worst], top_k=1)
    clip = explained_clip(found)
    assert [one['index'] for one in clip['classes']] == [
        int(chances.argmax()),
        worst,
    ]
    page = page_of('nine.py', [clip])
    assert PAGE.validate_python(page, strict=True) == page


def test_numbers_keep_four_digits():
    values = np.array([0, 1.23456, -123456.0, 0.00012345, 9.99996])
    assert _rounded(values) == [0, 1.235, -123500, 0.0001234, 10]


def test_up_is_told_by_the_body():
    layout = get_layout('nw-ucla')
    pose = np.zeros((1, 1, 20, 3))
    names = layout.joint_names
    for name, where in dict(
        left_hip=(-1, 0, 5), right_hip=(1, 0, 5), left_shoulder=(-1, 0, 3),
        right_shoulder=(1, 0, 3),
    ).items():  # fmt: skip
        pose[..., names.index(name), :] = where
    assert _upwards(pose, layout) == [0.0, 0.0, -1.0]
    assert _upwards(pose[..., :2], layout) is None
    assert _upwards(np.zeros_like(pose), layout) is None
