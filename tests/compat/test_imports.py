from __future__ import annotations

import importlib.machinery
import importlib.metadata
import importlib.util
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from shapmix_mm.compat import (
    applied,
    cure_deformable_warning,
    cure_importlib_metadata,
    cure_localizers,
    cure_numpy_inf,
    imports,
)

DRN = 'mmaction.models.localizers.drn'


def still_needed(cure):
    """Mark a test of upstream that passes once upstream is mended."""
    reason = f'upstream is mended: remove shapmix_mm.compat {cure}'
    return pytest.mark.xfail(strict=True, reason=reason)


@still_needed('cure_localizers')
def test_upstream_wheel_holds_all_localizers():
    spec = importlib.util.find_spec('mmaction')
    root = Path(spec.submodule_search_locations[0])
    assert (root / 'models' / 'localizers' / 'drn' / 'drn.py').exists()


@still_needed('cure_importlib_metadata')
def test_upstream_requires_what_it_imports():
    needed = importlib.metadata.requires('mmaction2')
    source = Path(importlib.util.find_spec('mmaction').origin).parent
    text = (source / 'utils' / 'dependency.py').read_text()
    assert 'importlib_metadata' not in text or any(
        line.replace('-', '_').startswith('importlib_metadata')
        and 'extra' not in line
        for line in needed
    )


@still_needed('cure_numpy_inf')
def test_upstream_reads_no_removed_name_of_numpy():
    source = Path(importlib.util.find_spec('mmaction').origin).parent
    transforms = source / 'datasets' / 'transforms'
    assert not any('np.Inf' in p.read_text() for p in transforms.glob('*.py'))


def test_models_import_and_the_stub_says_what_it_is():
    from mmaction.models.localizers import BMN, DRN

    assert BMN.__module__.startswith('mmaction')
    if applied()['mmaction.models.localizers.drn']:
        with pytest.raises(ImportError, match='2714'):
            DRN(vocab_size=1)


@pytest.mark.parametrize('whole', [True, False])
def test_localizers_stub_only_where_the_folder_is_missing(
    tmp_path, monkeypatch, whole
):
    folder = tmp_path / 'models' / 'localizers' / 'drn'
    if whole:
        folder.mkdir(parents=True)
        (folder / 'drn.py').write_text('')
    spec = importlib.machinery.ModuleSpec('mmaction', None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(imports.importlib.util, 'find_spec', lambda _: spec)
    for name in (DRN, f'{DRN}.drn'):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)
    assert cure_localizers() is not whole
    assert (DRN in sys.modules) is not whole
    assert not cure_localizers()
    for name in (DRN, f'{DRN}.drn'):
        sys.modules.pop(name, None)


def test_importlib_metadata_alias():
    # The child has no site-packages, so that the backport is not found.
    code = (
        'from shapmix_mm.compat import cure_importlib_metadata as cure\n'
        'assert cure()\n'
        'from importlib_metadata import PackageNotFoundError, distribution\n'
        'assert not cure()'
    )
    root = Path(__file__).resolve().parents[2]
    stub = f'import sys, types; p = types.ModuleType("shapmix_mm"); \
p.__path__ = [{str(root / "shapmix_mm")!r}]; sys.modules[p.__name__] = p\n'
    subprocess.run([sys.executable, '-S', '-c', stub + code], check=True)


def test_a_backport_that_is_there_stays(monkeypatch):
    real = object()
    monkeypatch.setitem(sys.modules, 'importlib_metadata', real)
    assert not cure_importlib_metadata()
    assert sys.modules['importlib_metadata'] is real


def test_pose_compact_runs_on_this_numpy():
    from mmaction.datasets.transforms import PoseCompact

    keypoint = np.random.default_rng(0).uniform(10, 50, (1, 3, 17, 2))
    results = dict(img_shape=(64, 64), keypoint=keypoint)
    out = PoseCompact(padding=0.25, threshold=10)(results)
    assert out['keypoint'].shape == (1, 3, 17, 2)
    assert not cure_numpy_inf()


@pytest.mark.skipif(
    not applied()['warning of mmcv-lite'], reason='the full mmcv is installed'
)
@still_needed('cure_deformable_warning')
def test_upstream_imports_without_a_warning(upstream):
    assert 'MultiScaleDeformableAttention' not in upstream.stderr


def test_the_full_mmcv_keeps_its_warnings(tmp_path, monkeypatch):
    spec = importlib.machinery.ModuleSpec('mmcv', None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(imports.importlib.util, 'find_spec', lambda _: spec)
    with warnings.catch_warnings():
        assert cure_deformable_warning()
        (tmp_path / '_ext.cpython-311-x86_64-linux-gnu.so').touch()
        assert not cure_deformable_warning()
