"""NTU RGB+D: names, choice of files, conversion."""

from __future__ import annotations

import lzma

import numpy as np
import pytest

from shapmix_mm.datasets.prepare.archives import SourceFile, list_source
from shapmix_mm.datasets.prepare.ntu import (
    PUBLISHED_COUNTS,
    NTUConverter,
    parse_file_name,
    read_missing_list,
    select_files,
    split_names,
)
from shapmix_mm.datasets.prepare.skipped import Skipped, UnusableFile

NAME = 'S001C001P001R001A013'


@pytest.mark.parametrize(
    'path',
    [
        'S001C002P003R002A060.skeleton',
        'nturgb+d_skeletons/S001C002P003R002A060.skeleton',
        'a\\b\\S001C002P003R002A060.SKELETON',
    ],
)
def test_a_name_is_what_stands_before_the_suffix(path):
    name, numbers = parse_file_name(path, 60)
    assert name == 'S001C002P003R002A060'
    assert numbers == (1, 2, 3, 2, 60)


@pytest.mark.parametrize(
    'path, nturgbd, reason, detail',
    [
        ('readme.txt', 120, 'not an NTU name', 'expected'),
        ('S001C002P003R002A013.txt', 120, 'not an NTU name', 'expected'),
        ('S001C002P003R002A013', 120, 'not an NTU name', 'expected'),
        (
            '._S001C002P003R002A013.skeleton',
            120,
            'not an NTU name',
            'expected',
        ),
        (
            'S001C002P003R002A013(1).skeleton',
            120,
            'not an NTU name',
            'expected',
        ),
        ('S1C2P3R2A13.skeleton', 120, 'not an NTU name', 'expected'),
        ('S00١C002P003R002A013.skeleton', 120, 'not an NTU name', 'expected'),
        ('S001C004P003R002A013.skeleton', 120, 'not an NTU name', 'camera 4'),
        ('S000C001P003R002A013.skeleton', 120, 'not an NTU name', 'setup 0'),
        ('S001C001P003R002A121.skeleton', 120, 'not an NTU name', 'action'),
        ('S001C001P003R002A061.skeleton', 60, 'not in this set', 'action 61'),
        ('S018C001P003R002A001.skeleton', 60, 'not in this set', 'setup 18'),
    ],
)
def test_other_names_are_refused(path, nturgbd, reason, detail):
    with pytest.raises(UnusableFile, match=detail) as caught:
        parse_file_name(path, nturgbd)
    assert caught.value.reason == reason


def test_splits_of_a_few_names():
    names = [
        'S001C001P001R001A001',  # trains by subject only
        'S002C002P003R001A001',  # trains by camera and setup
        'S003C003P002R001A001',  # trains by both of NTU-60
    ]
    assert split_names(names, 60) == dict(
        xsub_train=[names[0], names[2]],
        xsub_val=[names[1]],
        xview_train=names[1:],
        xview_val=names[:1],
    )
    assert split_names(names, 120) == dict(
        xsub_train=[names[0], names[2]],
        xsub_val=[names[1]],
        xset_train=[names[1]],
        xset_val=[names[0], names[2]],
    )


def test_a_missing_list_may_have_a_heading(tmp_path):
    path = tmp_path / 'list.txt'
    path.write_text(
        'missing skeletons:\n\nS001C002P005R002A008\n'
        ' S001C002P006R001A008.skeleton\n'
    )
    assert read_missing_list(path) == {
        'S001C002P005R002A008',
        'S001C002P006R001A008',
    }
    path.write_text('nothing\n')
    with pytest.raises(ValueError, match='holds no name'):
        read_missing_list(path)


@pytest.mark.real_data
def test_the_real_names_have_the_published_splits(shared_dir):
    path = shared_dir / 'data' / 'ntu120_sample_names.txt.xz'
    if not path.is_file():
        pytest.skip(f'{path} is not here')
    with lzma.open(path, 'rt') as stream:
        names = [line.strip() for line in stream]
    for nturgbd, total in ((120, 113945), (60, 56578)):
        names = [name for name in names if int(name[-3:]) <= nturgbd]
        for name in names[::7]:
            parse_file_name(f'{name}.skeleton', nturgbd)
        split = split_names(names, nturgbd)
        counts = {key: len(part) for key, part in split.items()}
        assert counts == PUBLISHED_COUNTS[nturgbd]
        assert counts['xsub_train'] + counts['xsub_val'] == total == len(names)


def test_files_are_ordered_by_sample_and_the_rest_is_told():
    names = [
        'b/S002C001P001R001A001.skeleton',
        'z/S001C001P001R001A001.skeleton',
        'a/S002C001P001R001A001.skeleton',
        'S001C001P001R001A002.skeleton',
        'notes.txt',
    ]
    files = [SourceFile('src', name, 1, 1) for name in names]
    chosen, skipped = select_files(files, 120, {'S001C001P001R001A002'})
    assert [file.name for file in chosen] == [names[1], names[2], names[0]]
    assert skipped[0] == Skipped(names[3], 'on the missing list')
    assert [entry.file for entry in skipped] == names[3:]


def test_copies_in_one_archive_stay_as_they_were_listed():
    name = 'S001C001P001R001A002.skeleton'
    later, earlier = (
        SourceFile('a.zip', name, 900, 1, 5000),
        SourceFile('a.zip', name, 100, 2, 0),
    )
    other = SourceFile('0.zip', name, 100, 2, 0)
    chosen, _ = select_files([later, earlier, other], 60)
    assert chosen == [other, later, earlier]


@pytest.fixture
def convert(tmp_path):
    def run(text, **settings):
        (tmp_path / f'{NAME}.skeleton').write_text(text)
        (file,) = list_source(tmp_path)
        return NTUConverter(**settings)(file)

    return run


def test_an_annotation_is_as_mmaction2_writes_it(convert, to_text, person):
    a = person(0, 20)
    found = convert(to_text([[(5, p)] for p in a]))
    assert list(found) == ['frame_dir', 'label', 'total_frames', 'keypoint']
    assert found['frame_dir'] == NAME
    assert found['label'] == 12 and type(found['label']) is int
    assert found['total_frames'] == 20
    assert found['keypoint'].dtype == np.float16
    np.testing.assert_array_equal(found['keypoint'], a[None])


def test_float32_keeps_more(convert, to_text):
    pose = np.full((1, 25, 3), 3.0001)
    text = to_text([[(5, p)] for p in pose])
    assert convert(text)['keypoint'][0, 0, 0, 0] == 3
    found = convert(text, dtype='float32')['keypoint']
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, pose[None].astype(np.float32))


@pytest.mark.parametrize(
    'frames, reason, detail',
    [
        ([], 'no frames', '0 frames'),
        ([[], []], 'no body', 'in any frame'),
        ([[(1, np.zeros((25, 3)))]], 'no body', 'all coordinates are zero'),
        ([[(1, np.full((25, 3), 1e6))]], 'not finite', 'too large'),
    ],
)
def test_recordings_without_a_person(convert, to_text, frames, reason, detail):
    with pytest.raises(UnusableFile, match=detail) as caught:
        convert(to_text(frames))
    assert caught.value.reason == reason


def test_unknown_settings():
    with pytest.raises(ValueError, match='tracked'):
        NTUConverter(bodies='all')
    with pytest.raises(ValueError, match='float16'):
        NTUConverter(dtype='float8')


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('dtype', ['float16', 'float32'])
@pytest.mark.parametrize('bodies', ['tracked', 'slots'])
@pytest.mark.parametrize('value', [1e300, -1e300, 1.7e308, 1e39])
def test_out_of_range_is_told_without_a_warning(
    convert, to_text, person, dtype, bodies, value
):
    # Energies are only compared where there is more than one body.
    poses = np.stack([person(seed, 20) for seed in range(3)])
    poses[0, 3, 5, 1] = value
    text = to_text([list(enumerate(frame)) for frame in poses.swapaxes(0, 1)])
    with pytest.raises(UnusableFile) as caught:
        convert(text, dtype=dtype, bodies=bodies)
    assert caught.value.reason == 'not finite'


@pytest.mark.filterwarnings('error')
def test_the_largest_of_float32_are_kept(convert, to_text):
    poses = np.full((2, 4, 25, 3), -3e38)
    poses[0] *= -1
    text = to_text([list(enumerate(frame)) for frame in poses.swapaxes(0, 1)])
    for bodies in ('tracked', 'slots'):
        found = convert(text, dtype='float32', bodies=bodies)['keypoint']
        assert sorted(found[:, 0, 0, 0]) == [
            np.float32(-3e38),
            np.float32(3e38),
        ]
