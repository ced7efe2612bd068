"""A fresh process without this package, as upstream would run in it."""

import os
import subprocess
import sys

import pytest
import torch
from mmengine.logging import HistoryBuffer

CODE = """
import sys
import mmcv.cnn.bricks.transformer
from mmengine.runner import CheckpointLoader
for path in sys.argv[1:]:
    try:
        CheckpointLoader.load_checkpoint(path)
    except Exception:
        print('refused')
    else:
        print('read')
"""


class Hostile:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f'touch {self.marker}',)


@pytest.fixture(scope='session')
def upstream(tmp_path_factory):
    """What upstream says of its imports, its checkpoints and hostile ones.

    ``marker`` is a file that reading the hostile one makes, if it is run.
    """
    folder = tmp_path_factory.mktemp('upstream')
    files = [str(folder / name) for name in ('good.pth', 'bad.pth')]
    marker = folder / 'marker'
    torch.save({'a': HistoryBuffer([1.0], [1])}, files[0])
    torch.save({'a': Hostile(marker)}, files[1])
    done = subprocess.run(
        [sys.executable, '-W', 'default', '-c', CODE, *files],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    done.marker = marker
    return done
