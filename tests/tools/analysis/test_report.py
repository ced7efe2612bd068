"""The command that writes a report: arguments, and errors in one line."""

import runpy
import sys
from pathlib import Path

import pytest

from shapmix_mm.runs import report as reporting

TOOL = Path(__file__).resolve().parents[3] / 'tools/analysis/report.py'


def call(monkeypatch, *args):
    monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, args)])
    runpy.run_path(str(TOOL), run_name='__main__')


def test_arguments_reach_the_report(monkeypatch, capsys):
    seen = {}

    def write_report(work_dir, out, **kwargs):
        seen.update(work_dir=work_dir, out=out, **kwargs)
        return Path('page.html')

    monkeypatch.setattr(reporting, 'write_report', write_report)
    call(
        monkeypatch,
        *('run', '--out', 'page.html', '--no-test', '--checkpoint', 'a.pth'),
        *('--config', 'leaf.py', '--cfg-options', 'a.b=1'),
    )
    assert seen == dict(
        work_dir='run',
        out='page.html',
        checkpoint='a.pth',
        test=False,
        config='leaf.py',
        cfg_options={'a.b': 1},
    )
    assert capsys.readouterr().out == 'report: page.html\n'


def test_an_error_is_one_line(monkeypatch, tmp_path):
    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, tmp_path)
    assert str(stop.value).startswith(f'error: {tmp_path} holds no log')
    assert '\n' not in str(stop.value)
