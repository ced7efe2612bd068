from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from shapmix_mm import compat, doctor

ROOT = Path(__file__).resolve().parents[1]


def need(module):
    return next(n for n in doctor.NEEDS if n.module == module)


@pytest.fixture
def versions(monkeypatch):
    """Make the doctor see these distributions only."""
    known: dict[str, str] = {}

    def version(name):
        if name not in known:
            raise importlib.metadata.PackageNotFoundError(name)
        return known[name]

    monkeypatch.setattr(doctor.importlib.metadata, 'version', version)
    return known


def test_healthy_environment(capsys):
    assert doctor.main() == 0
    text = capsys.readouterr().out
    for name in ('torch', 'mmengine', 'mmcv-lite', 'mmaction2', 'numpy'):
        assert f'{name} {importlib.metadata.version(name)}' in text
    for name in compat.CURES:
        assert name in text
    assert 'All that is needed is there' in text


def test_what_is_needed_is_what_pip_is_told():
    told = {}
    for file in ('runtime', 'mminstall'):
        text = (ROOT / f'requirements/{file}.txt').read_text()
        for line in re.findall(r'^[^#\n]+', text, re.M):
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate():
                told[wanted.name] = wanted.specifier
    assert set(told) == {need.names[0] for need in doctor.NEEDS}
    for name, module, least, below, mend in doctor.NEEDS:
        limits = f'>={least}' + (below and f',<{below}')
        assert told[name[0]] == SpecifierSet(limits), module
        assert f"pip install '{name[0]}{limits}'" in mend


@pytest.mark.parametrize('module', ['pydantic', 'networkx', 'rich'])
def test_a_hidden_package_is_told_with_the_command(module):
    hide = f'import runpy, sys; sys.modules[{module!r}] = None; '
    hide += "sys.argv = ['-m']; runpy.run_module('shapmix_mm.doctor', "
    done = run_python('-c', f"{hide}run_name='__main__')")
    assert done.returncode == 1
    assert f"pip install '{module}>=" in done.stdout


def test_missing_package_names_the_command(versions):
    shown, problem = doctor.check(need('mmcv'))
    assert shown == 'missing'
    assert 'mmcv-lite>=2.1.0,<2.2.0' in problem and 'full mmcv' in problem


@pytest.mark.parametrize('name', ['mmcv', 'mmcv-lite'])
def test_either_mmcv_is_enough(versions, name):
    versions[name] = '2.1.0'
    assert doctor.check(need('mmcv')) == (f'{name} 2.1.0', '')


def test_two_mmcvs_are_one_too_many(versions):
    versions.update({'mmcv': '2.1.0', 'mmcv-lite': '2.1.0'})
    assert 'keep one' in doctor.check(need('mmcv'))[1]


@pytest.mark.parametrize('version', ['1.7.1', '2.0.1', '2.2.0', '2.3.6'])
def test_version_out_of_range(versions, version):
    versions['mmcv'] = version
    assert 'out of range (>= 2.1.0, < 2.2.0)' in doctor.check(need('mmcv'))[1]


def test_package_that_does_not_import(monkeypatch):
    monkeypatch.setitem(sys.modules, 'tqdm', None)
    problem = doctor.check(need('tqdm'))[1]
    assert 'does not import' in problem and 'pip install' in problem


@pytest.mark.parametrize(
    'text, numbers',
    [
        ('2.13.0+cpu', (2, 13)),
        ('2.1.0', (2, 1)),
        ('2.0.0rc4', (2,)),
        ('10.2', (10, 2)),
        ('unknown', ()),
    ],
)
def test_parse_version(text, numbers):
    assert doctor.parse_version(text) == numbers


def test_broken_package_is_reported(monkeypatch, capsys):
    def absent(name):
        raise FileNotFoundError(name)

    monkeypatch.setattr(doctor.compat, 'config_file', absent)
    assert doctor.main() == 1
    assert '_base_/shapmix.py' in capsys.readouterr().out


def run_python(*args):
    """Run a Python that sees this checkout."""
    return subprocess.run(
        [sys.executable, *args],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
    )


def bare(*args):
    """Run a Python that sees this checkout and no installed package."""
    return run_python('-S', *args)


def test_doctor_starts_on_a_bare_python():
    done = bare('-m', 'shapmix_mm.doctor')
    assert done.returncode == 1
    assert 'Traceback' not in done.stderr
    for module in ('torch', 'mmengine', 'mmcv', 'mmaction'):
        assert f'{module} is missing' in done.stdout
    assert 'not reached' in done.stdout


def test_import_on_a_bare_python_names_the_doctor():
    done = bare('-c', 'import shapmix_mm')
    assert done.returncode == 1
    assert 'python -m shapmix_mm.doctor' in done.stderr
