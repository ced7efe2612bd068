from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import shapmix_mm

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ('shapmix_mm', 'configs', 'tools', 'requirements')

pytestmark = pytest.mark.slow


def run(*args, **kwargs):
    done = subprocess.run(args, capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """Copy of what is tracked, so that a build leaves nothing behind."""
    folder = tmp_path_factory.mktemp('source')
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith('.'):
            shutil.copy(path, folder)
    ignore = shutil.ignore_patterns('__pycache__', '.mim')
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    return folder


@pytest.fixture(scope='module')
def wheel(source, tmp_path_factory):
    out = tmp_path_factory.mktemp('wheel')
    # From the sdist, because that is what a user without a wheel builds.
    run(
        *(sys.executable, '-c'),
        'from setuptools.build_meta import build_sdist as b; b("dist")',
        cwd=source,
    )
    sdist = next((source / 'dist').glob('*.tar.gz'))
    run(
        *(sys.executable, '-m', 'pip', 'wheel', '--no-deps'),
        *('--no-build-isolation', '--no-index', '-w', str(out), str(sdist)),
    )
    return next(out.glob('*.whl'))


@pytest.fixture(scope='module')
def installed(wheel, tmp_path_factory):
    target = tmp_path_factory.mktemp('site')
    run(
        *(sys.executable, '-m', 'pip', 'install', '--no-deps', '--no-index'),
        *('--target', str(target), str(wheel)),
    )
    return target


def python(installed, cwd, code):
    """Run code that sees the installed wheel before this checkout."""
    environ = {**os.environ, 'PYTHONPATH': str(installed)}
    return run(sys.executable, '-c', code, cwd=cwd, env=environ)


def test_wheel_holds_package_configs_and_tools(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    expected = {'shapmix_mm/.mim/model-index.yml'}
    speed = ROOT / 'tools' / 'benchmark'
    for folder in ('configs', 'tools'):
        expected |= {
            f'shapmix_mm/.mim/{p.relative_to(ROOT)}'
            for p in (ROOT / folder).rglob('*')
            if p.suffix in ('.py', '.sh', '.yml', '.yaml')
            and (
                speed not in p.parents
                or p.name == 'longtail.py'
                or p.parent.name == 'suites'
            )
        }
    expected |= {
        str(p.relative_to(ROOT))
        for p in (ROOT / 'shapmix_mm').glob('*/templates/*')
    }
    expected |= {
        str(p.relative_to(ROOT))
        for p in (ROOT / 'shapmix_mm').rglob('*.py')
        if '.mim' not in p.parts
    }
    assert expected <= names
    # Benchmarks of speed are for a checkout.
    own = {Path(n).name for n in names if '/tools/benchmark/' in n}
    suites = {p.name for p in (speed / 'suites').iterdir()}
    assert own == {'longtail.py', *suites}
    assert not [n for n in names if '__pycache__' in n or n.startswith('te')]
    assert any(n.endswith('LICENSE') for n in names)


def test_build_leaves_no_copy_in_the_sources(wheel, source):
    assert not (source / 'shapmix_mm' / '.mim').exists()


def test_version_of_the_wheel(wheel):
    assert wheel.name.split('-')[:2] == ['shapmix_mm', shapmix_mm.__version__]


def test_mmcv_is_an_extra_so_that_a_full_one_may_stay(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith('/METADATA'))
        lines = archive.read(name).decode().splitlines()
    mmcv = [x for x in lines if x.startswith('Requires-Dist: mmcv')]
    assert mmcv and all('extra == "mm"' in line for line in mmcv)
    assert 'Requires-Python: >=3.9' in lines


def test_configs_resolve_from_the_installed_wheel(installed, tmp_path):
    (tmp_path / 'leaf.py').write_text(
        "_base_ = 'shapmix_mm::ctrgcn_shapmix_ltnwucla.py'\nmine = 1\n"
    )
    code = (
        'import shapmix_mm\n'
        'from mmengine.config import Config\n'
        'from mmengine.hub import get_config\n'
        "cfg = Config.fromfile('leaf.py')\n"
        'assert cfg.mine == 1\n'
        "assert cfg.model.type == 'RecognizerGCN'\n"
        "get_config('shapmix_mm::_base_/shapmix.py')\n"
        "print(shapmix_mm.compat.config_file('_base_/shapmix.py'))"
    )
    found = Path(python(installed, tmp_path, code).split()[-1])
    assert found.is_relative_to(installed / 'shapmix_mm' / '.mim')


def test_mim_finds_tools_and_configs(installed, tmp_path):
    # What `mim train shapmix_mm CONFIG` looks up, in its own order.
    code = (
        'import importlib.metadata, pathlib\n'
        "found = importlib.metadata.distribution('shapmix_mm')\n"
        "mim = pathlib.Path(found.locate_file('shapmix_mm')) / '.mim'\n"
        "for name in ('train.py', 'test.py'):\n"
        "    assert (mim / 'tools' / name).is_file()\n"
        "leaves = (mim / 'configs').rglob('*.py')\n"
        "names = [p.name for p in leaves if '_base_' not in p.parts]\n"
        "every = [p.name for p in mim.rglob('*.py')]\n"
        'assert names and all(every.count(n) == 1 for n in names)\n'
        'print(mim)'
    )
    assert str(installed) in python(installed, tmp_path, code)


def test_stock_mmengine_reads_the_model_index(installed, tmp_path):
    code = (
        'import importlib.metadata\n'
        'from mmengine.config import utils\n'
        "found = importlib.metadata.distribution('shapmix_mm')\n"
        "path = str(found.locate_file('shapmix_mm'))\n"
        'try:\n'
        "    utils._get_cfg_metainfo(path, 'no/such')\n"
        'except ValueError as error:\n'
        "    assert 'Expected configs' in str(error)\n"
        'else:\n'
        '    raise SystemExit(1)'
    )
    python(installed, tmp_path, code)


def test_tools_suites_and_pages_come_with_the_wheel(installed, tmp_path):
    tools = installed / 'shapmix_mm/.mim/tools'
    commands = [['train.py', '-h'], ['benchmark/longtail.py', '--list']]
    code = (
        'import runpy, sys\n'
        f'for command in {commands}:\n'
        '    sys.argv = command\n'
        '    try:\n'
        f'        path = {str(tools)!r} + "/" + command[0]\n'
        '        runpy.run_path(path, run_name="__main__")\n'
        '    except SystemExit as stop:\n'
        '        assert not stop.code\n'
        'from shapmix_mm.runs.pages import render\n'
        "page = render('page.html', title='<t>', sections={})\n"
        "assert '&lt;t&gt;' in page and 'max-width' in page\n"
        'import shapmix_mm.runs.pages as p; print(p.__file__)'
    )
    text = python(installed, tmp_path, code)
    assert '--resume' in text and '--launcher' in text
    assert 'nwucla-cpu (' in text and 'ltnwucla, ctrgcn: ' in text
    assert str(installed) in text.split()[-1]
