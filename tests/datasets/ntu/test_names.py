"""Names of raw files, and the splits they make."""

from __future__ import annotations

import lzma

import pytest

from shapmix_mm.datasets.ntu import (
    PUBLISHED_COUNTS,
    parse_file_name,
    read_missing_list,
    split_names,
)
from shapmix_mm.datasets.preparation import UnusableFile


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
