"""Windows over a recording that is put together from known clips."""

import csv

import numpy as np
import pytest

from shapmix_mm.inference import array_clip, find_timeline, write_timelines


@pytest.fixture
def recording(test_clips):
    """Three clips of 12 frames, end to end, and nobody for as long."""
    poses = [test_clips[i]['keypoint'] for i in (0, 2, 4)]
    empty = np.zeros_like(poses[0])
    return array_clip(np.concatenate((*poses, empty), 1), 'day', rate=12.0)


def test_windows_that_are_clips_say_what_clips_say(
    recognizer, recording, test_clips
):
    found = find_timeline(recognizer, recording, 12, 12, 0.0)
    expected = [recognizer.predict(test_clips[i]).top[0] for i in (0, 2, 4)]
    assert [(w.start, w.end) for w in found.windows] == [
        (0, 12), (12, 24), (24, 36), (36, 48)
    ]  # fmt: skip
    for window, answer in zip(found.windows, expected):
        assert window.index == answer.index
        assert window.confidence == pytest.approx(answer.probability, abs=1e-6)
    assert found.windows[3].index == -1 and not found.windows[3].confidence
    assert found.speed > 0


def test_windows_overlap_and_unsure_ones_are_unknown(recognizer, recording):
    found = find_timeline(recognizer, recording, 12, 4, 1.1)
    ends = [w.end for w in found.windows]
    assert [w.start for w in found.windows] == [0, *ends[:-1]]
    assert ends[0] == 8 and ends[-1] == 48
    assert {w.index for w in found.windows} == {-1}
    (whole,) = found.stretches()
    assert (whole.start, whole.end) == (0, 48)
    with pytest.raises(ValueError, match='window of 1 frames'):
        find_timeline(recognizer, recording, 1)


def test_a_short_recording_is_one_window(recognizer, recording):
    found = find_timeline(recognizer, recording, 100)
    assert [(w.start, w.end) for w in found.windows] == [(0, 48)]


def test_the_table_has_a_row_for_each_window(recognizer, recording, tmp_path):
    found = find_timeline(recognizer, recording, 12, 12, 0.0)
    path = tmp_path / 'timeline.csv'
    write_timelines(path, [found], recognizer.classes)
    rows = list(csv.DictReader(path.open()))
    assert len(rows) == 4
    assert rows[1]['start_s'] == '1.00' and rows[1]['end'] == '24'
    assert rows[3]['name'] == 'unknown' and rows[3]['class'] == '-1'
    assert rows[0]['name'] == recognizer.classes[found.windows[0].index]
