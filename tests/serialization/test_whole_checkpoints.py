from __future__ import annotations

import os
import shutil

import pytest
import torch

from shapmix_mm.serialization import find_whole_checkpoint, is_whole_checkpoint


def write(folder, step, kind='epoch', size=1000):
    """Write a checkpoint; a later step is written a second later."""
    path = folder / f'{kind}_{step}.pth'
    torch.save({'a': torch.arange(size), 'step': step}, path)
    os.utime(path, (1000 + step, 1000 + step))
    return path


def cut(path, share=0.5):
    stamp = path.stat().st_mtime
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    os.utime(path, (stamp, stamp))


def point(folder, path):
    (folder / 'last_checkpoint').write_text(str(path))


def test_every_cut_is_seen(tmp_path):
    path = write(tmp_path, 1, size=100)
    content = path.read_bytes()
    assert is_whole_checkpoint(path)
    for size in range(0, len(content), 7):
        path.write_bytes(content[:size])
        assert not is_whole_checkpoint(path), size
    path.write_bytes(content[:-1])
    assert not is_whole_checkpoint(path)


def test_changed_weights_are_seen(tmp_path):
    path = write(tmp_path, 1)
    content = bytearray(path.read_bytes())
    at = content.find(torch.arange(400, 410).numpy().tobytes())
    assert at > 0
    content[at] ^= 1
    path.write_bytes(bytes(content))
    assert not is_whole_checkpoint(path)


def test_zeroed_tail_is_seen(tmp_path):
    # What a crash of the machine leaves: the length is there, no content.
    path = write(tmp_path, 1)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: size // 2] + bytes(size - size // 2))
    assert not is_whole_checkpoint(path)


@pytest.mark.parametrize('kind', ['missing', 'folder', 'text', 'zip'])
def test_other_things_are_not_whole(tmp_path, kind):
    path = tmp_path / 'x.pth'
    if kind == 'folder':
        path.mkdir()
    elif kind == 'text':
        path.write_text('text')
    elif kind == 'zip':
        (tmp_path / 'in').mkdir()
        (tmp_path / 'in' / 'readme').write_text('x')
        made = shutil.make_archive(str(tmp_path / 'a'), 'zip', tmp_path / 'in')
        os.replace(made, path)
    assert not is_whole_checkpoint(path)


def test_nothing_to_find(tmp_path):
    assert find_whole_checkpoint(tmp_path / 'absent') is None
    assert find_whole_checkpoint(tmp_path) is None
    cut(write(tmp_path, 1))
    assert find_whole_checkpoint(tmp_path) is None


def test_pointer_is_followed(tmp_path):
    one = write(tmp_path, 1)
    point(tmp_path, one)
    assert find_whole_checkpoint(tmp_path) == str(one)


def test_half_written_successor_is_not_taken(tmp_path):
    one, two = write(tmp_path, 1), write(tmp_path, 2)
    point(tmp_path, one)
    cut(two)
    assert find_whole_checkpoint(tmp_path) == str(one)


def test_whole_successor_that_was_not_yet_named_is_taken(tmp_path):
    one, two = write(tmp_path, 1), write(tmp_path, 2)
    point(tmp_path, one)
    assert find_whole_checkpoint(tmp_path) == str(two)


def test_pointer_to_a_broken_file_falls_back(tmp_path):
    one, two = write(tmp_path, 9), write(tmp_path, 10)
    point(tmp_path, two)
    cut(two)
    assert find_whole_checkpoint(tmp_path) == str(one)


@pytest.mark.parametrize('text', ['', 'gone.pth', 'work_dirs/run/epo', '\0'])
def test_unusable_pointer_falls_back(tmp_path, text):
    write(tmp_path, 9)
    last = write(tmp_path, 10)
    point(tmp_path, text)
    assert find_whole_checkpoint(tmp_path) == str(last)


def test_leftovers_of_an_earlier_run_are_not_taken(tmp_path):
    old, new = write(tmp_path, 100), write(tmp_path, 1)
    os.utime(old, (10, 10))
    point(tmp_path, new)
    assert find_whole_checkpoint(tmp_path) == str(new)
    os.remove(tmp_path / 'last_checkpoint')
    assert find_whole_checkpoint(tmp_path) == str(new)


def test_moved_folder_and_copied_times(tmp_path):
    (tmp_path / 'old').mkdir()
    nine, ten = write(tmp_path / 'old', 9), write(tmp_path / 'old', 10)
    point(tmp_path / 'old', ten)
    os.utime(nine, (9999, 9999))
    shutil.move(tmp_path / 'old', tmp_path / 'new')
    found = find_whole_checkpoint(tmp_path / 'new')
    assert found == str(tmp_path / 'new' / 'epoch_10.pth')


def test_iterations_and_best_files(tmp_path):
    best = tmp_path / 'best_acc_epoch_3.pth'
    shutil.copy(write(tmp_path, 500, kind='iter'), best)
    last = write(tmp_path, 1000, kind='iter')
    assert find_whole_checkpoint(tmp_path) == str(last)
