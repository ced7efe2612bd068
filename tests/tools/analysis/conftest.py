"""Tools that print a table."""

import re
import runpy
import sys
from pathlib import Path

import pytest

# As for a script that is started there.
sys.path.insert(0, str(Path(__file__).parents[3] / 'tools' / 'analysis'))


@pytest.fixture
def run(request, monkeypatch, capsys):
    """Function that gives what the module's TOOL prints, without padding."""
    tool = str(request.module.TOOL)

    def call(*args):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, args)])
        runpy.run_path(tool, run_name='__main__')
        return re.sub(' +', ' ', capsys.readouterr().out)

    return call
