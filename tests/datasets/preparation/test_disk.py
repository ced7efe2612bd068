"""Targets that cannot be written, and disks that are full."""

from __future__ import annotations

import errno
import os
import pickle

import pytest

from shapmix_mm.datasets.preparation import (
    check_target,
    disk_text,
    write_whole,
)


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


@pytest.mark.parametrize('number', [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_names_the_file_and_leaves_no_part(tmp_path, number):
    path = tmp_path / 'a.pkl'
    path.write_bytes(b'old')

    def write(handle):
        handle.write(b'new')
        raise OSError(number, os.strerror(number))

    with pytest.raises(OSError) as caught:
        write_whole(path, write)
    # As it comes back from another process.
    error = pickle.loads(pickle.dumps(caught.value))
    text = disk_text(error)
    assert f'no room left on the disk for {path} (' in text
    assert 'the same command goes on from there once there is room' in text
    assert os.listdir(tmp_path) == ['a.pkl'] and path.read_bytes() == b'old'


def test_other_errors_keep_their_text():
    assert disk_text(FileNotFoundError('gone')) == 'gone'
    error = OSError(errno.EACCES, 'Permission denied', 'x')
    assert disk_text(error) == str(error)
    # Not every one is about a file.
    assert 'on the disk (full)' in disk_text(OSError(errno.ENOSPC, 'full'))
