"""Targets that cannot be written."""

from __future__ import annotations

import errno
import os

import pytest

from shapmix_mm.datasets.preparation import check_target


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
