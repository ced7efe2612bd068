"""Demo files: same bytes for the same seed, damage and other settings seen."""

import json
import os
import pickle

import pytest

from shapmix_mm.datasets.demo import (
    DemoSettings,
    is_current,
    make_demo,
    manifest_path,
    storage,
    write_demo,
)

SETTINGS = DemoSettings(n_max=2, imbalance=2, test_per_class=1)


@pytest.fixture(scope='module')
def demo():
    return make_demo(SETTINGS)


@pytest.fixture
def path(demo, tmp_path):
    return write_demo(tmp_path / 'deep' / 'demo.pkl', demo)


def test_file_holds_the_set(path, demo):
    read = pickle.loads(path.read_bytes())
    assert read['split'] == demo['split']
    assert read['salient_parts']['wave_right'] == ['right_arm']
    keypoint = read['annotations'][0]['keypoint']
    assert (keypoint == demo['annotations'][0]['keypoint']).all()
    assert sorted(p.name for p in path.parent.iterdir()) == [
        'demo.json',
        'demo.pkl',
    ]


def test_file_passes_the_restricted_reader(path, demo):
    serialization = pytest.importorskip('shapmix_mm.serialization')
    read = serialization.load_annotations(path)
    assert len(read['annotations']) == len(demo['annotations'])


def test_same_seed_same_bytes(path, tmp_path):
    again = write_demo(tmp_path / 'again.pkl', make_demo(SETTINGS))
    assert again.read_bytes() == path.read_bytes()
    assert (
        manifest_path(again).read_bytes() == manifest_path(path).read_bytes()
    )


def test_manifest_tells_counts_and_settings(path):
    manifest = json.loads(manifest_path(path).read_text())
    assert manifest['settings']['n_max'] == 2
    assert manifest['train_counts'] == SETTINGS.train_counts()


def test_current_file_is_recognized(path):
    assert is_current(path, SETTINGS)


@pytest.mark.parametrize(
    'change',
    [
        dict(seed=1),
        dict(n_max=3),
        dict(noise=0.02),
        dict(amplitude=(0.5, 1.1)),
    ],
)
def test_other_settings_are_not_current(path, change):
    assert not is_current(
        path,
        DemoSettings(
            **{**dict(n_max=2, imbalance=2, test_per_class=1), **change}
        ),
    )


def test_damage_is_not_current(path):
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    assert not is_current(path, SETTINGS)
    path.write_bytes(content)
    manifest_path(path).write_text('{')
    assert not is_current(path, SETTINGS)
    manifest_path(path).write_text('[]')
    assert not is_current(path, SETTINGS)
    manifest_path(path).unlink()
    assert not is_current(path, SETTINGS)


def test_missing_file_is_not_current(tmp_path):
    assert not is_current(tmp_path / 'none.pkl', SETTINGS)


def test_other_version_is_not_current(path, monkeypatch):
    monkeypatch.setattr(storage, 'VERSION', storage.VERSION + 1)
    assert not is_current(path, SETTINGS)


def test_failed_write_leaves_the_old_file(path, monkeypatch):
    old = path.read_bytes()

    def fail(source, target):
        raise OSError('disk full')

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(OSError, match='disk full'):
        write_demo(path, make_demo(DemoSettings(n_max=1, test_per_class=0)))
    assert path.read_bytes() == old
    assert is_current(path, SETTINGS)
    assert len(list(path.parent.iterdir())) == 2
