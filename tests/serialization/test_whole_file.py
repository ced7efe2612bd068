"""Files that are either as they were or completely rewritten."""

import errno
import multiprocessing
import os
import pickle
import time

import pytest

from shapmix_mm.serialization import DiskFull, whole_file, write_whole


def test_folders_are_made_and_nothing_else_is_left(tmp_path):
    path = tmp_path / 'new' / 'deep' / 'notes.csv'
    assert write_whole(path, 'a\r\nä') == path
    assert path.read_bytes() == 'a\r\nä'.encode()
    assert write_whole(path, b'\x00') == path and path.read_bytes() == b'\x00'
    assert os.listdir(path.parent) == ['notes.csv']


def test_the_part_ends_as_the_target_and_may_be_read_by_others(tmp_path):
    with whole_file(tmp_path / 'a.tar.gz') as part:
        assert part.parent == tmp_path and part.suffix == '.gz'
        part.write_text('x')
    (tmp_path / 'plain').write_text('x')
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize('kind', [ValueError, KeyboardInterrupt, OSError])
def test_a_failing_body_leaves_the_old_file(tmp_path, kind):
    path = write_whole(tmp_path / 'a', 'old')
    with pytest.raises(kind), whole_file(path) as part:
        part.write_text('half')
        raise kind
    assert path.read_text() == 'old' and os.listdir(tmp_path) == ['a']


@pytest.mark.parametrize('number', [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_names_path_space_and_way_out(tmp_path, number):
    path = write_whole(tmp_path / 'a.pkl', 'old')
    with pytest.raises(DiskFull) as caught, whole_file(path) as part:
        part.write_text('half')
        raise OSError(number, os.strerror(number))
    # As it comes back from another process.
    error = pickle.loads(pickle.dumps(caught.value))
    assert error.errno == number
    text = str(error)
    assert text.startswith(f'no room left for {path} (')
    assert ' GB free there' in text and 'the same command again' in text
    assert 'a training with --resume' in text
    assert path.read_text() == 'old' and os.listdir(tmp_path) == ['a.pkl']


def test_of_nested_files_the_full_one_is_named(tmp_path):
    inner, outer = tmp_path / 'inner', tmp_path / 'outer'
    with pytest.raises(DiskFull, match=f'for {inner} '), whole_file(outer):
        with whole_file(inner):
            raise OSError(errno.ENOSPC, 'full')


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / 'target', tmp_path / 'link'
    target.write_text('old')
    link.symlink_to(target)
    write_whole(link, 'new')
    assert link.is_symlink() and target.read_text() == 'new'


def write_half(path, pipe):
    with whole_file(path) as part:
        part.write_text('half')
        pipe.send(part.name)
        time.sleep(60)


def test_what_a_killed_process_left_goes_what_another_writes_stays(tmp_path):
    path = tmp_path / 'a.b.pkl'
    fork = multiprocessing.get_context('fork')
    ours, theirs = fork.Pipe()
    process = fork.Process(target=write_half, args=(path, theirs))
    process.start()
    other = ours.recv()
    write_whole(path, 'mine')
    assert sorted(os.listdir(tmp_path)) == sorted([other, path.name])
    process.kill()
    process.join()
    # A stranger's file with a name of the kind is not ours to remove.
    (tmp_path / '.a.b.notes.part.pkl').touch()
    write_whole(path, 'again')
    left = sorted(os.listdir(tmp_path))
    assert left == ['.a.b.notes.part.pkl', 'a.b.pkl']
    assert path.read_text() == 'again'
