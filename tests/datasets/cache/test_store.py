"""Caches that are damaged, or do not fit their source or version."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from mmaction.registry import TRANSFORMS

from shapmix_mm.datasets import LongTailedPoseDataset
from shapmix_mm.datasets.cache import CacheStore, is_cache
from shapmix_mm.datasets.cache import source as source_module

STEP = dict(type='PreNormalize3D', align_spine=False)


@pytest.fixture
def cache(varied_file, cached):
    return Path(cached(varied_file, TRANSFORMS.build(STEP)))


def change(cache, **values):
    path = cache / 'index.json'
    index = json.loads(path.read_text())
    for key, value in values.items():
        index.pop(key) if value is None else index.update({key: value})
    path.write_text(json.dumps(index))


def refused(cache):
    with pytest.raises(ValueError) as error:
        LongTailedPoseDataset(str(cache), [STEP], split='xsub_train')
    message = str(error.value)
    assert str(cache) in message and '\n' not in message
    return message


def command(path, cache):
    return (
        f'rebuild it with python tools/data/build_cache.py {path} --out '
        f'{cache} --overwrite --normalize PreNormalize3D align_spine=false'
    )


class TestSource:
    """The annotation file is another one."""

    def test_another_size(self, cache, varied_file):
        with open(varied_file, 'ab') as file:
            file.write(b'more')
        message = refused(cache)
        assert 'was made from another' in message
        assert message.endswith(command(varied_file, cache))

    def test_same_size_other_content(self, cache, varied_file):
        content = bytearray(Path(varied_file).read_bytes())
        content[100] ^= 1
        Path(varied_file).write_bytes(content)
        os.utime(varied_file, ns=(0, 0))
        assert 'was made from another' in refused(cache)

    def test_only_another_time(self, cache, varied_file):
        os.utime(varied_file, ns=(0, 0))
        assert len(CacheStore(cache)) == 24

    def test_an_untouched_file_is_not_read(self, cache, monkeypatch):
        monkeypatch.setattr(source_module, 'digest', None)
        assert len(CacheStore(cache)) == 24

    def test_no_file_is_no_problem(self, cache, varied_file):
        os.unlink(varied_file)
        assert len(CacheStore(cache)) == 24

    def test_cache_that_was_moved(self, cache, tmp_path):
        shutil.move(str(cache), str(tmp_path / 'moved'))
        assert len(CacheStore(tmp_path / 'moved')) == 24


class TestIndex:
    """The index says what cannot be used."""

    def test_version(self, cache, varied_file):
        change(cache, version=99, samples=None)
        message = refused(cache)
        assert 'format version 99' in message and 'reads version 1' in message
        assert message.endswith(command(varied_file, cache))

    @pytest.mark.parametrize('text', ['', '{', '\xff', '[1', '{"a": '])
    def test_damaged(self, cache, text):
        (cache / 'index.json').write_bytes(text.encode('latin1'))
        assert 'index.json is damaged' in refused(cache)

    @pytest.mark.parametrize('text', ['[]', '{}', '{"kind": "dog"}', '3'])
    def test_foreign(self, cache, text):
        (cache / 'index.json').write_text(text)
        message = refused(cache)
        assert 'is no index of a cache' in message
        assert f'build_cache.py ANN_FILE --out {cache}' in message

    def test_key_missing(self, cache):
        change(cache, columns=None)
        assert "damaged (keys ['columns'])" in refused(cache)

    def test_a_folder_that_is_no_cache(self, tmp_path):
        assert is_cache(tmp_path) and is_cache(str(tmp_path))
        assert not is_cache(tmp_path / 'none') and not is_cache(None)
        message = refused(tmp_path)
        assert 'is no cache' in message and 'build_cache.py' in message


class TestFiles:
    """Arrays that are not as they were written."""

    @pytest.mark.parametrize(
        'name',
        ['02_total_frames.npy', '03_keypoint.float64.npy', 'split0.npy'],
    )
    def test_missing_or_cut(self, cache, varied_file, name):
        size = (cache / name).stat().st_size
        os.truncate(cache / name, size - 1)
        message = refused(cache)
        assert f'{name} is missing or damaged (it has another' in message
        assert message.endswith(command(varied_file, cache))
        os.unlink(cache / name)
        assert f'{name} is missing or damaged' in refused(cache)

    def test_a_file_that_nobody_asked_for_yet(self, cache):
        os.unlink(cache / 'split0.npy')
        with pytest.raises(ValueError, match='split0.npy is missing'):
            CacheStore(cache)

    def test_header(self, cache):
        name = '02_total_frames.npy'
        content = (cache / name).read_bytes()
        (cache / name).write_bytes(b'X' + content[1:])
        assert f'{name} is missing or damaged' in refused(cache)

    def test_a_changed_bit_shows_in_the_checksums(self, cache):
        assert CacheStore(cache).damaged_files() == []
        name = '03_keypoint.float64.npy'
        content = bytearray((cache / name).read_bytes())
        content[-9] ^= 1
        (cache / name).write_bytes(content)
        assert CacheStore(cache).damaged_files() == [name]
