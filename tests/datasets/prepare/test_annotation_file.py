"""The annotation file, its report, and targets that cannot be written."""

from __future__ import annotations

import csv
import errno
import os
import pickle
import weakref

import numpy as np
import pytest

from shapmix_mm.datasets.prepare.annotation_file import (
    check_target,
    stream_annotations,
)
from shapmix_mm.datasets.prepare.skipped import (
    Skipped,
    skipped_summary,
    write_skipped,
)
from shapmix_mm.serialization import load_annotations


def test_any_reader_sees_a_plain_dict_of_a_plain_list(tmp_path):
    made = []

    def samples():
        for index in range(2500):
            made.append(f's{index}')
            pose = np.full((1, 2, 3, 3), index, dtype=np.float16)
            yield dict(frame_dir=made[-1], label=index, keypoint=pose)

    path = tmp_path / 'new' / 'a.pkl'
    stream_annotations(path, samples(), lambda: dict(train=list(made)))
    for content in (pickle.loads(path.read_bytes()), load_annotations(path)):
        assert type(content) is dict and type(content['split']) is dict
        assert type(content['annotations']) is list
        assert set(content) == {'annotations', 'split'}
        assert content['split'] == dict(train=[f's{i}' for i in range(2500)])
        for index, sample in enumerate(content['annotations']):
            assert sample['frame_dir'] == f's{index}'
            assert sample['label'] == index
            assert (sample['keypoint'] == index).all()
            assert sample['keypoint'].dtype == np.float16


def test_samples_do_not_pile_up(tmp_path):
    alive = weakref.WeakSet()
    most = 0

    class Sample(dict):
        """A dict that can be watched."""

        __hash__ = object.__hash__

        def __reduce__(self):
            return dict, (dict(self),)

    def samples():
        nonlocal most
        for index in range(50):
            sample = Sample(frame_dir=str(index))
            alive.add(sample)
            most = max(most, len(alive))
            yield sample

    stream_annotations(tmp_path / 'a.pkl', samples(), dict)
    assert len(load_annotations(tmp_path / 'a.pkl')['annotations']) == 50
    assert most <= 4


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / 'a.pkl'
    path.write_bytes(b'old')

    def samples():
        yield dict(frame_dir='a')
        raise OSError('disk full')

    with pytest.raises(OSError, match='disk full'):
        stream_annotations(path, samples(), dict)
    assert [p.name for p in tmp_path.iterdir()] == ['a.pkl']
    assert path.read_bytes() == b'old'


def test_a_target_that_can_be_written_leaves_no_trace(tmp_path):
    path = tmp_path / 'new' / 'deep' / 'o.pkl'
    check_target(path)
    assert list(path.parent.iterdir()) == []
    path.write_bytes(b'old')
    check_target(path)
    assert path.read_bytes() == b'old'


def test_targets_that_cannot(tmp_path):
    (tmp_path / 'file').write_text('')
    (tmp_path / 'o.pkl.skipped.csv').mkdir()
    for path, told in (
        (tmp_path, f'{tmp_path} is a folder'),
        (tmp_path / 'o.pkl', 'o.pkl.skipped.csv is a folder'),
        (tmp_path / 'file' / 'o.pkl', 'file takes no file'),
        (tmp_path / 'file' / 'deep' / 'o.pkl', 'deep takes no file'),
    ):
        with pytest.raises(ValueError, match=told):
            check_target(path)


def test_a_folder_that_takes_no_file(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), 'xyz')

    monkeypatch.setattr('tempfile.TemporaryFile', refuse)
    with pytest.raises(ValueError, match='takes no file: Read-only'):
        check_target(tmp_path / 'o.pkl')


def test_every_name_survives_the_file(tmp_path):
    entries = [
        Skipped('a,"b"\nc.txt', 'truncated', 'line 3'),
        Skipped('d\udcff.txt', 'not a number'),
    ]
    write_skipped(entries, tmp_path / 'r.csv')
    with (tmp_path / 'r.csv').open(newline='', encoding='utf-8') as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ['file', 'reason', 'detail'],
        ['a,"b"\nc.txt', 'truncated', 'line 3'],
        ['d\\udcff.txt', 'not a number', ''],
    ]


def test_the_summary_is_one_line_with_the_commonest_first():
    entries = [Skipped('a', 'x'), Skipped('b', 'y'), Skipped('c', 'y')]
    line = skipped_summary(entries, 1000)
    assert line == 'skipped 3 of 1,000: 2 y, 1 x'
    assert skipped_summary([], 5) == 'skipped 0 of 5'
