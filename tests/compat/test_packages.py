from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import mmengine
import numpy
import pytest

from shapmix_mm.compat import cure_pkg_resources
from shapmix_mm.compat.packages import (
    get_installed_path,
    is_installed,
    package_to_module,
)

ROOT = Path(__file__).resolve().parents[2]
# What setuptools 82 leaves.
WITHOUT = "import sys; sys.modules['pkg_resources'] = None\n"


def run(code):
    return subprocess.run(
        [sys.executable, '-c', WITHOUT + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.xfail(
    strict=True,
    reason='upstream is mended: remove shapmix_mm.compat cure_pkg_resources',
)
def test_upstream_does_without_pkg_resources():
    done = run("from mmengine.utils import is_installed as f; f('mmengine')")
    assert done.returncode == 0


def test_no_cure_where_pkg_resources_is_there(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pkg_resources', object())
    assert not cure_pkg_resources()


def test_installed_packages_are_found():
    assert is_installed('mmengine') and is_installed('mmaction2')
    assert is_installed('mmaction')
    assert not is_installed('no_such_package_here')


def test_installed_path_is_where_the_module_lies():
    assert get_installed_path('numpy') == str(Path(numpy.__file__).parent)
    folder = Path(mmengine.__file__).parent
    assert Path(get_installed_path('mmengine')) == folder
    # The module's name is not the distribution's.
    assert Path(get_installed_path('mmaction2')) == folder.parent / 'mmaction'
    assert package_to_module('mmaction2') == 'mmaction'


def test_module_on_the_path_but_not_installed(tmp_path, monkeypatch):
    (tmp_path / 'loose_module_x').mkdir()
    (tmp_path / 'loose_module_x' / '__init__.py').write_text('')
    (tmp_path / 'loose_space_x').mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert is_installed('loose_module_x')
    path = get_installed_path('loose_module_x')
    assert path == str(tmp_path / 'loose_module_x')
    assert not is_installed('loose_space_x')
    with pytest.raises(RuntimeError, match='namespace'):
        get_installed_path('loose_space_x')
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        get_installed_path('no_such_package_here')
