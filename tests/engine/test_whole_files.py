"""Storage that a kill cannot halve."""

import os

import mmengine
import pytest

from shapmix_mm.engine import WholeFileBackend


def test_mmengine_writes_through_it(tmp_path):
    path = tmp_path / 'folder' / 'epoch_1.pth'
    backend = mmengine.fileio.get_file_backend(str(path))
    assert type(backend) is WholeFileBackend
    mmengine.fileio.put(b'one', str(path))
    assert path.read_bytes() == b'one'
    assert os.listdir(path.parent) == ['epoch_1.pth']


def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'epoch_1.pth'
    path.write_bytes(b'old')

    class Full:
        def __init__(self, *args):
            self.file = open(*args)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, data):
            self.file.write(data[:1])
            raise OSError('no space left')

    monkeypatch.setattr(
        'mmengine.fileio.backends.local_backend.open', Full, raising=False
    )
    with pytest.raises(OSError, match='no space'):
        WholeFileBackend().put(b'new', path)
    assert path.read_bytes() == b'old'


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / 'target', tmp_path / 'link'
    target.write_bytes(b'old')
    link.symlink_to(target)
    WholeFileBackend().put(b'new', str(link))
    assert link.is_symlink() and target.read_bytes() == b'new'
