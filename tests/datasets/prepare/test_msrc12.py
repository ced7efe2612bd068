"""MSRC-12: how recordings are cut, and which clips are left out."""

from __future__ import annotations

import lzma
import pickle
import re
import tarfile

import numpy as np
import pytest

from shapmix_mm.datasets.prepare.archives import Member, MemberReader
from shapmix_mm.datasets.prepare.msrc12 import (
    CLASSES,
    TAG_TICKS,
    convert_msrc12,
)

FRAME = 1e6 / 30


def recording(seconds, absent=()):
    """Rows of 30 frames a second; joint coordinates tell the frame."""
    rows = []
    for frame in range(int(seconds * 30)):
        joints = np.full((20, 4), 0.0 if frame in absent else frame + 1.0)
        numbers = [round(frame * FRAME), *joints.ravel()]
        rows.append(' '.join(f'{number:g}' for number in numbers))
    return '\r\n'.join(rows).encode()


def tags(*marks, gesture=12):
    lines = [f'{round(s * 1e6 * TAG_TICKS)};G{gesture} Kick' for s in marks]
    return ('XQPCTick;Tag\r\n' + '\r\n'.join(lines) + '\r\n').encode()


def pair(csv, tagstream, stem='P1_1_12A_p06'):
    return [
        Member(f'x/{stem}.csv', csv),
        Member(f'x/{stem}.tagstream', tagstream),
    ]


def frames(annotation):
    return (annotation['keypoint'][0, :, 0, 0] - 1).astype(int).tolist()


def test_a_clip_spans_its_window_but_no_more_than_half_the_way():
    files = pair(recording(12, absent={60, 61}), tags(2.01, 6.01, 7.01))
    data, skipped = convert_msrc12(files)
    assert not skipped
    first, second, third = data['annotations']
    assert first['frame_dir'] == 'P1_1_12A_P06_r00'
    assert first['label'] == 11 and first['subject'] == 6
    assert first['keypoint'].shape == (1, first['total_frames'], 20, 3)
    assert first['keypoint'].dtype == np.float32
    # 0.81 to 3.01 s without the two frames that show nobody.
    want = [f for f in range(25, 91) if f not in (60, 61)]
    assert frames(first) == want
    # Halfway to the third mark comes before the second is over by itself.
    assert frames(second) == list(range(145, 196))
    assert frames(third) == list(range(196, 241))
    assert data['classes'] == list(CLASSES) and len(CLASSES) == 12


def test_the_order_of_the_files_does_not_matter():
    files = pair(recording(4), tags(2))
    one, other = (convert_msrc12(f).data for f in (files, files[::-1]))
    np.testing.assert_equal(one, other)


def test_short_clips_and_foreign_marks_are_left_out():
    csv = recording(5)
    data, skipped = convert_msrc12(pair(csv, tags(2, 2.1, 2.2, 4.9)))
    assert [a['frame_dir'][-3:] for a in data['annotations']] == [
        *('r00', 'r02', 'r03')
    ]
    assert skipped == [
        ('x/P1_1_12A_p06.csv (P1_1_12A_P06_r01)', 'shorter than 15 frames')
    ]
    data, skipped = convert_msrc12(pair(csv, tags(2, gesture=3)))
    assert not data['annotations'] and skipped[0][1] == 'marks gesture 3'


def test_odd_persons_train_and_five_folds_test_each_person_once():
    files = [
        member
        for person in range(1, 31)
        for member in pair(recording(3), tags(1), f'P1_1_1_p{person:02d}')
    ]
    files = [Member(m.name, m.content.replace(b'G12', b'G1')) for m in files]
    data = convert_msrc12(files).data
    person = {a['frame_dir']: a['subject'] for a in data['annotations']}
    split = {k: sorted(person[n] for n in v) for k, v in data['split'].items()}
    assert split['xsub_train'] == list(range(1, 31, 2))
    assert split['xsub_val'] == list(range(2, 31, 2))
    assert split['fold1_val'] == [5, 10, 15, 20, 25, 30]
    assert split['fold5_val'] == [4, 9, 14, 19, 24, 29]
    tested = sum((split[f'fold{f}_val'] for f in range(1, 6)), [])
    assert sorted(tested) == list(range(1, 31))
    for fold in range(1, 6):
        both = split[f'fold{fold}_val'] + split[f'fold{fold}_train']
        assert sorted(both) == list(range(1, 31))


@pytest.mark.parametrize(
    'files, reason',
    [
        ([Member('P1_1_13_p06.csv', b'')], 'gesture 13'),
        ([Member('P1_1_12_p31.csv', b'')], 'person 31'),
        ([Member('notes.txt', b'')], 'bad name'),
        ([Member('P1_1_12_p06.csv', None, 'torn')], 'torn'),
        ([Member('P1_1_12_p06.csv', b'1 2\n3')], 'differ in length'),
        ([Member('P1_1_12_p06.csv', b'1 2\n3 4')], 'expected 81'),
        ([Member('P1_1_12_p06.csv', b'')], 'expected 81'),
        (
            [Member('P1_1_12_p06.tagstream', b'a\r\nb\r\n')],
            "unreadable tag 'b'",
        ),
        ([Member('P1_1_12_p06.tagstream', tags(1))], 'no usable.*csv'),
    ],
)
def test_what_cannot_be_read_is_named(files, reason):
    data, skipped = convert_msrc12(files)
    assert not data['annotations']
    ((name, text),) = skipped
    assert name == files[0].name
    assert re.search(reason, text)


def test_a_recording_that_comes_twice_is_left_out_the_second_time():
    files = pair(recording(4), tags(2))
    data, skipped = convert_msrc12([*files, *files])
    assert len(data['annotations']) == 1
    assert len(skipped) == 2 and 'another file' in skipped[0][1]


@pytest.mark.real_data
def test_published_recordings_give_the_known_clips(shared_dir, tmp_path):
    """Against clips of the same rule that were cut without this code."""
    with lzma.open(shared_dir / 'data' / 'msrc12.pkl.xz') as stream:
        known = {a['frame_dir']: a for a in pickle.load(stream)['annotations']}
    archive = shared_dir / 'data' / 'msrc12_sample.tar.xz'
    reader = MemberReader(archive)
    data, skipped = convert_msrc12(reader)
    reader.close()
    assert not skipped and len(data['annotations']) == 28
    recordings = {a['frame_dir'][:-4] for a in data['annotations']}
    assert recordings == {'P1_1_1_P06', 'P1_1_7_P06', 'P1_1_12_P06'}
    found = {a['frame_dir']: a for a in data['annotations']}
    assert set(found) == {n for n in known if n[:-4] in recordings}
    for name, annotation in found.items():
        want = known[name]
        for key in ('label', 'subject', 'total_frames'):
            assert annotation[key] == want[key]
        np.testing.assert_array_equal(
            annotation['keypoint'].astype(np.float16), want['keypoint']
        )
    with tarfile.open(archive) as files:
        assert len([m for m in files if m.isfile()]) == 6
