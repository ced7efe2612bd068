"""The console script runs the tools, by name, with their own options."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import shapmix_mm
from shapmix_mm import cli
from shapmix_mm.config import launch

ROOT = Path(__file__).resolve().parents[1]


def test_help_lists_every_command(capsys):
    assert cli.main([]) == cli.main(['--help']) == 0
    shown = capsys.readouterr().out
    for name in (*cli.TOOLS, 'doctor', 'config list'):
        assert re.search(rf'^  {name}  +\w', shown, re.M)


def test_every_tool_for_users_has_a_command():
    files = {name for name, _ in cli.TOOLS.values()}
    tools = ROOT / 'tools'
    there = {
        path.relative_to(tools).as_posix()
        for folder in ('.', 'analysis', 'data')
        for path in (tools / folder).glob('*.py')
        if '__main__' in path.read_text(encoding='utf-8')
    }
    assert files == {
        *there,
        'benchmark/longtail.py',
        'deployment/export_onnx_gcn.py',
    }


@pytest.mark.parametrize('command', cli.TOOLS)
def test_a_command_runs_its_tool_with_the_options(
    command, monkeypatch, capsys
):
    before = list(sys.argv), list(sys.path)
    assert cli.main([command, '--help']) == 0
    tool = cli.tool_file(command)
    assert f'usage: {tool.name} ' in capsys.readouterr().out
    assert (sys.argv, sys.path) == before


def test_the_end_of_a_tool_is_that_of_the_command(
    tmp_path, capsys, monkeypatch
):
    # Another test of this process may have trained.
    monkeypatch.setattr(launch, 'training_began', lambda: False)
    monkeypatch.delenv('SHAPMIX_TRACEBACK', raising=False)
    assert cli.main(['inspect', str(tmp_path / 'gone.pkl')]) == 1
    assert 'gone.pkl' in capsys.readouterr().err
    assert cli.main(['inspect', '--no-such']) == 2
    assert cli.main(['train', 'gone.py']) == 1
    assert 'error: config file gone.py' in capsys.readouterr().err


def test_unknown_commands_are_refused(capsys):
    assert cli.main(['trian']) == 2
    assert "no command 'trian'; known are train, " in capsys.readouterr().err
    assert cli.main(['config', 'lost']) == 2
    assert "'config lost'" in capsys.readouterr().err


def test_config_list_names_what_can_be_read(capsys):
    assert cli.main(['config', 'list', 'shapmix', 'nwucla']) == 0
    listed = capsys.readouterr().out.split()
    assert 'shapmix_mm::ctrgcn_shapmix_ltnwucla.py' in listed
    assert all('shapmix' in name and 'nwucla' in name for name in listed)
    assert cli.main(['config', 'list', '--with']) == 0
    shown = capsys.readouterr().out.splitlines()
    assert '--with shapmix' in shown and '--with default_runtime' not in shown


def test_version_and_doctor(capsys):
    assert cli.main(['--version']) == 0
    assert capsys.readouterr().out.strip() == shapmix_mm.__version__
    assert cli.main(['doctor']) == 0
    assert 'All that is needed is there' in capsys.readouterr().out


def test_setup_declares_it(monkeypatch):
    given = {}
    monkeypatch.setattr(
        'setuptools.setup', lambda **kwargs: given.update(kwargs)
    )
    runpy.run_path(str(ROOT / 'setup.py'))
    (script,) = given['entry_points']['console_scripts']
    assert script == 'shapmix = shapmix_mm.cli:main'


def test_the_doctor_starts_where_nothing_else_does():
    code = (
        "import sys; sys.argv = ['shapmix', 'doctor']\n"
        'from shapmix_mm.cli import main; sys.exit(main())'
    )
    done = subprocess.run(
        [sys.executable, '-S', '-c', code],
        env={'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert 'torch is missing' in done.stdout
