"""What a list is drawn from, and the record of it."""

from __future__ import annotations

import hashlib
import json

import pytest

from shapmix_mm.datasets import (
    BENCHMARKS,
    LongTailSpec,
    Selection,
    names_digest,
    source_from_annotations,
    source_from_names,
)
from shapmix_mm.datasets.longtail_list import manifest_table, split_manifest

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


@pytest.mark.parametrize('num', [0, -3])
def test_a_number_of_classes_below_one_is_refused(
    names_file, write_pose_file, num
):
    path = write_pose_file([3, 2])
    for read, file in (
        (source_from_names, names_file),
        (source_from_annotations, path),
    ):
        with pytest.raises(ValueError, match=f'num_classes={num} should be'):
            read(file, num_classes=num)


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


def make(tmp_path, spec, **extra):
    source = tmp_path / 'deep' / 'all.txt'
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(b'names')
    selection = Selection(('a', 'b', 'c'), (2, 1), (3, 1))
    return split_manifest(
        spec, selection, source, groups=['few', 'many'], **extra
    )


def test_entries(tmp_path):
    got = make(tmp_path, LongTailSpec(imbalance=7, seed=3), version='1.0')
    assert json.loads(json.dumps(got)) == got
    assert got['longtail'] == dict(
        profile='exp',
        imbalance=7,
        n_max=None,
        order='native',
        seed=3,
        names='name',
        counts=None,
        file=None,
    )
    assert (got['num_samples'], got['num_classes']) == (3, 2)
    assert (got['counts'], got['requested_counts']) == ([2, 1], [3, 1])
    assert (got['imbalance_requested'], got['imbalance_achieved']) == (7, 2)
    assert got['groups'] == dict(many=1, medium=0, few=1)
    assert got['names_sha256'] == names_digest(['a', 'b', 'c'])
    assert got['source'] == dict(
        file='all.txt', sha256=hashlib.sha256(b'names').hexdigest()
    )
    assert got['version'] == '1.0'
    assert LongTailSpec(**got['longtail']) == LongTailSpec(imbalance=7, seed=3)


def test_no_folder_is_recorded(tmp_path):
    spec = LongTailSpec(profile='list', file=str(tmp_path / 'list.txt'))
    got = make(tmp_path, spec)
    assert got['longtail']['file'] == 'list.txt'
    assert got['imbalance_requested'] == 3
    assert str(tmp_path) not in json.dumps(got)


def test_table(tmp_path):
    got = make(tmp_path, LongTailSpec(), thresholds=dict(few=20, many=100))
    lines = manifest_table(got, 9).splitlines()
    assert lines[0].split() == ['samples', '3', 'of', '9']
    assert lines[3].split() == ['many', '>', '100', '1']
    assert lines[5].split() == ['few', '<', '20', '1']
