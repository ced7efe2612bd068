"""Storage that a kill cannot halve."""

import os

import mmengine

from shapmix_mm.engine import WholeFileBackend


def test_mmengine_writes_through_it(tmp_path):
    path = tmp_path / 'folder' / 'epoch_1.pth'
    backend = mmengine.fileio.get_file_backend(str(path))
    assert type(backend) is WholeFileBackend
    mmengine.fileio.put(b'one', str(path))
    assert path.read_bytes() == b'one'
    assert os.listdir(path.parent) == ['epoch_1.pth']
