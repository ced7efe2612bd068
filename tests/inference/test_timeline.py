"""Windows over a recording that is put together from known clips."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from shapmix_mm.inference import (
    ClipError,
    annotation_clip,
    array_clip,
    find_timeline,
    write_timelines,
)
from shapmix_mm.inference.readers import read_clips


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


def table(names, frames, poses, wide):
    """Header and rows of a CSV, one for each frame or joint."""
    if wide:
        header = [f'{name}_{axis}' for name in names for axis in 'xyz']
        rows = [
            (frame, *pose.ravel().tolist())
            for frame, pose in zip(frames, poses)
        ]
    else:
        header = ['joint', 'x', 'y', 'z']
        rows = [
            (frame, name, *point)
            for frame, pose in zip(frames, poses)
            for name, point in zip(names, pose.tolist())
        ]
    return [('frame', *header), *rows]


@pytest.mark.parametrize('wide, step', [(True, 1), (False, 1), (True, 4)])
def test_gaps_of_a_table_are_time(
    recognizer, test_clips, tmp_path, wide, step
):
    """Two clips with a gap of 30 frames that the table leaves out."""
    poses = [test_clips[i]['keypoint'][0] for i in (0, 4)]
    names = recognizer.layout.joint_names
    frames = step * np.array([*range(100, 112), *range(142, 154)])
    path = tmp_path / 'day.csv'
    with path.open('w', newline='') as file:
        rows = table(names, frames, np.concatenate(poses), wide)
        csv.writer(file).writerows(rows)
    (clip,) = read_clips(path)
    found = find_timeline(recognizer, replace(clip, rate=1.0), 12, 6, 0.0)
    first, last = found.windows[0], found.windows[-1]
    for window, pose in zip((first, last), poses):
        best = recognizer.predict(pose).top[0]
        assert window.index == best.index
        assert window.confidence == pytest.approx(best.probability, abs=1e-5)
    assert last.end == 54
    # Those that begin with frames 12 to 30 see the gap alone.
    assert [w.index == -1 for w in found.windows] == [
        False, False, True, True, True, True, False, False
    ]  # fmt: skip
    shown = found.clip.keypoint
    assert found.clip.annotation['total_frames'] == shown.shape[1] == 54
    assert not shown[:, 12:42].any()
    np.testing.assert_array_equal(shown[0, 42:], poses[1])
    # Without a window nothing lies between.
    np.testing.assert_array_equal(
        recognizer.predict(clip).scores,
        recognizer.predict(np.concatenate(poses)).scores,
    )
    far = replace(clip, frames=np.array([*range(23), 9_000_000]))
    with pytest.raises(ClipError, match='more than 5,000,000'):
        find_timeline(recognizer, far, 12)


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


def test_the_last_window_ends_with_the_recording(recognizer, test_clips):
    """Two clips of 12 frames, 5 apart, so that no stride of 12 fits."""
    poses = [test_clips[i]['keypoint'] for i in (0, 4)]
    gap = np.zeros_like(poses[0][:, :5])
    day = array_clip(np.concatenate((poses[0], gap, poses[1]), 1))
    last = find_timeline(recognizer, day, 12, 12, 0.0).windows[-1]
    best = recognizer.predict(poses[1]).top[0]
    assert last.end == 29 and last.index == best.index
    assert last.confidence == pytest.approx(best.probability, abs=1e-6)


def test_each_window_has_its_own_persons(recognizer, test_clips):
    """One after the other, each in a row of its own, one more than two."""
    poses = [test_clips[i]['keypoint'][0] for i in (0, 2, 4)]
    rows = np.zeros((3, 36, *poses[0].shape[1:]), np.float32)
    for row, pose in enumerate(poses):
        rows[row, 12 * row : 12 * row + 12] = pose
    found = find_timeline(recognizer, array_clip(rows), 12, 12, 0.0)
    for window, pose in zip(found.windows, poses):
        best = recognizer.predict(pose).top[0]
        assert window.index == best.index
        assert window.confidence == pytest.approx(best.probability, abs=1e-6)
    # Nobody was left out of a window, though the page shows two.
    assert not found.clip.notes and len(found.clip.keypoint) == 2


def test_what_the_model_cannot_take_is_refused(recognizer, test_clips):
    flat = dict(test_clips[0], keypoint=test_clips[0]['keypoint'][..., :2])
    with pytest.raises(ClipError, match='has 2 numbers for each joint'):
        find_timeline(recognizer, annotation_clip(flat), 6)


def test_one_frame_of_somebody_is_no_motion(recognizer, test_clips):
    pose = np.pad(test_clips[0]['keypoint'], [(0, 0), (0, 24), (0, 0), (0, 0)])
    pose[:, -1] = pose[:, 0]
    found = find_timeline(recognizer, array_clip(pose), 12, 12, 0.0)
    assert [w.index == -1 for w in found.windows] == [False, True, True]


def test_surplus_joints_alone_are_nobody(recognizer, test_clips):
    pose = np.pad(test_clips[0]['keypoint'], [(0, 0), (0, 12), (0, 1), (0, 0)])
    pose[:, :, -1] = 1
    names = (*recognizer.layout.joint_names, 'nose')
    day = array_clip(pose, joint_names=names)
    found = find_timeline(recognizer, day, 12, 12, 0.0)
    assert [w.index == -1 for w in found.windows] == [False, True]


def test_windows_meet_in_the_middle_of_what_they_share(recognizer, recording):
    found = find_timeline(recognizer, recording, 12, 10)
    # Neighbours share frames 10 to 12, 20 to 22, 30 to 32 and 36 to 42.
    assert [(w.start, w.end) for w in found.windows] == [
        (0, 11), (11, 21), (21, 31), (31, 39), (39, 48)
    ]  # fmt: skip


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
