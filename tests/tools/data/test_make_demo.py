"""The command that makes the demo set: once, again, and refused."""

import errno
import os

import pytest
from make_demo import main

SIZES = ['--n-max', '3', '--imbalance', '2', '--test-per-class', '1']


@pytest.fixture
def out(tmp_path, capsys):
    path = tmp_path / 'demo.pkl'
    assert main(['--out', str(path), *SIZES]) == 0
    capsys.readouterr()
    return path


def test_writes_and_reports(tmp_path, capsys):
    path = tmp_path / 'new' / 'demo.pkl'
    assert main(['--out', str(path), *SIZES]) == 0
    printed = capsys.readouterr().out
    assert str(path) in printed
    assert 'kick_left_raise_right' in printed
    assert path.stat().st_size > 100_000
    assert path.with_suffix('.json').exists()


def test_second_run_leaves_the_file_alone(out, capsys):
    before = out.stat().st_mtime_ns
    assert main(['--out', str(out), *SIZES]) == 0
    assert 'up to date' in capsys.readouterr().out
    assert out.stat().st_mtime_ns == before


def test_other_settings_need_overwrite(out, capsys):
    before = out.read_bytes()
    other = ['--out', str(out), *SIZES, '--seed', '5']
    assert main(other) == 2
    error = capsys.readouterr().err
    assert str(out) in error
    assert '--overwrite' in error
    assert out.read_bytes() == before
    assert main([*other, '--overwrite']) == 0
    assert out.read_bytes() != before


def test_damaged_file_is_not_taken_for_current(out, capsys):
    out.write_bytes(b'half')
    assert main(['--out', str(out), *SIZES]) == 2
    assert out.read_bytes() == b'half'


def test_bad_argument_is_named(tmp_path, capsys):
    path = tmp_path / 'demo.pkl'
    with pytest.raises(SystemExit) as end:
        main(['--out', str(path), '--imbalance', '0'])
    assert end.value.code == 2
    assert "--imbalance: '0' should be greater than or equal to 1" in (
        capsys.readouterr().err
    )
    assert not path.exists()


def test_a_place_that_takes_no_file_is_told_before_the_work(tmp_path, capsys):
    (tmp_path / 'file').touch()
    out = tmp_path / 'file' / 'demo.pkl'
    assert main(['--out', str(out), *SIZES]) == 2
    err = capsys.readouterr().err
    assert err.count('\n') == 1 and 'file' in err


def test_a_full_disk_is_one_line_and_leaves_nothing(
    tmp_path, capsys, monkeypatch
):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr('os.fsync', full)
    assert main(['--out', str(tmp_path / 'demo.pkl'), *SIZES]) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert f'no room left for {tmp_path}' in last and 'GB free' in last
    assert list(tmp_path.iterdir()) == []
