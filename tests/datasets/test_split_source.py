"""Training parts of names files and annotation files."""

from __future__ import annotations

import pytest

from shapmix_mm.datasets import (
    BENCHMARKS,
    source_from_annotations,
    source_from_names,
)

NAMES = [
    'S001C001P001R001A001',
    'S001C002P003R001A002.skeleton',
    'S002C003P002R001A060',
    'S018C001P045R001A061',
]


@pytest.fixture
def names_file(tmp_path):
    path = tmp_path / 'all.txt'
    path.write_text('\n'.join(NAMES))
    return str(path)


def test_benchmark_picks_the_training_part(names_file):
    source = source_from_names(names_file, BENCHMARKS['ntu60_xsub'])
    assert source.names == ['S001C001P001R001A001', 'S002C003P002R001A060']
    assert source.labels == [0, 59]
    assert source.outside == {'S001C002P003R001A002', 'S018C001P045R001A061'}
    assert source.num_classes == 60


def test_without_benchmark_every_name_trains(names_file):
    source = source_from_names(names_file)
    assert source.labels == [0, 1, 59, 60]
    assert source.num_classes == 61
    assert source_from_names(names_file, num_classes=99).num_classes == 99


def test_names_with_labels(tmp_path):
    path = tmp_path / 'mine.txt'
    path.write_text('clip_a 1\nclip_b,0\n')
    source = source_from_names(str(path))
    assert (source.names, source.labels) == (['clip_a', 'clip_b'], [1, 0])


def test_name_without_label(tmp_path):
    path = tmp_path / 'mine.txt'
    path.write_text('clip_a\n')
    with pytest.raises(ValueError, match="'clip_a' is no NTU RGB"):
        source_from_names(str(path))


def test_nothing_trains(tmp_path):
    path = tmp_path / 'odd.txt'
    path.write_text('S001C001P001R001A001\n')
    with pytest.raises(ValueError, match='none of the 1 names of .*odd.txt'):
        source_from_names(str(path), BENCHMARKS['ntu120_xset'])


def test_annotations(write_pose_file):
    path = write_pose_file([3, 2], classes=['sit', 'run'])
    source = source_from_annotations(path, benchmark=BENCHMARKS['ntu60_xsub'])
    assert len(source.names) == 5
    assert source.num_classes == 60
    source = source_from_annotations(path, 'xsub_val')
    assert source.labels == [0, 0, 1, 1]
    assert len(source.outside) == 5
    assert (source.num_classes, source.classes) == (2, ['sit', 'run'])
