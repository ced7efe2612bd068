"""Files of folders and archives."""

from __future__ import annotations

import os
import warnings
import zipfile

import pytest

from shapmix_mm.datasets.preparation import (
    SourceFile,
    UnusableFile,
    list_source,
    read_source_file,
    sources,
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'src' / 'deep' / 'deeper').mkdir(parents=True)
    (tmp_path / 'src' / 'b.txt').write_bytes(b'b')
    (tmp_path / 'src' / 'deep' / 'deeper' / 'a.txt').write_bytes(b'aa')
    return tmp_path / 'src'


def pack(folder):
    path = folder.with_suffix('.zip')
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for place in sorted(folder.rglob('*')):
            archive.write(place, f'top/{place.relative_to(folder)}')
    return path


def test_a_folder_and_an_archive_give_the_same(folder):
    inside = list_source(folder)
    packed = list_source(pack(folder))
    assert [f.name for f in inside] == ['b.txt', 'deep/deeper/a.txt']
    assert [f.name for f in packed] == [f'top/{f.name}' for f in inside]
    for files in (inside, packed):
        assert [read_source_file(f) for f in files] == [b'b', b'aa']
        assert [f.size for f in files] == [1, 2]


def test_a_changed_file_has_another_stamp(folder):
    before = list_source(folder)[0]
    os.utime(folder / 'b.txt', ns=(1, 1))
    assert list_source(folder)[0].stamp != before.stamp


def test_missing_and_foreign_sources(tmp_path):
    with pytest.raises(FileNotFoundError, match='gone: no such file'):
        list_source(tmp_path / 'gone')
    (tmp_path / 'a.zip').write_text('no archive')
    with pytest.raises(ValueError, match='a.zip is neither a folder nor'):
        list_source(tmp_path / 'a.zip')


def test_a_cut_archive_is_refused(folder):
    path = pack(folder)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match='nor a whole zip archive'):
        list_source(path)


def test_a_damaged_member_costs_itself_only(folder):
    path = pack(folder)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo('top/b.txt')
    at = info.header_offset + 30 + len(info.filename)
    content[at] ^= 0xFF
    path.write_bytes(bytes(content))
    first, second = list_source(path)
    with pytest.raises(UnusableFile) as caught:
        read_source_file(first)
    assert caught.value.reason == 'unreadable'
    assert read_source_file(second) == b'aa'


def test_large_and_vanished_files(folder, monkeypatch):
    files = list_source(folder)
    monkeypatch.setattr(sources, 'MAX_BYTES', 1)
    with pytest.raises(UnusableFile) as caught:
        read_source_file(files[1])
    assert caught.value.reason == 'too large'
    with pytest.raises(UnusableFile) as caught:
        read_source_file(SourceFile(str(folder), 'gone', 0, 0))
    assert caught.value.reason == 'unreadable'


def test_a_process_opens_an_archive_for_itself(folder, monkeypatch):
    """Processes that were forked share the position in an open file."""
    file = list_source(pack(folder))[0]
    read_source_file(file)
    mine = sources._archive(file.source, os.getpid())
    with monkeypatch.context() as patch:
        patch.setattr(os, 'getpid', lambda: -1)
        before = sources._archive.cache_info().misses
        assert read_source_file(file) == b'b'
        assert sources._archive.cache_info().misses == before + 1
        assert sources._archive(file.source, -1) is not mine


def test_a_dangling_link_is_told_when_read(folder):
    (folder / 'link.txt').symlink_to(folder / 'nowhere')
    link = [f for f in list_source(folder) if f.name == 'link.txt'][0]
    with pytest.raises(UnusableFile):
        read_source_file(link)


@pytest.fixture
def twice(tmp_path):
    """An archive that holds one name three times, between others."""
    path = tmp_path / 'twice.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('z', b'z')
        for content in (b'first', b'2nd', b'third'):
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                archive.writestr('a', content)
        archive.writestr('b', b'b')
    return path


def test_a_name_that_an_archive_holds_twice(twice):
    files = list_source(twice)
    assert [f.name for f in files] == ['a', 'a', 'a', 'b', 'z']
    contents = [read_source_file(f) for f in files]
    # The last one first: other tools unpack that.
    assert contents == [b'third', b'2nd', b'first', b'b', b'z']
    assert len(set(files)) == 5


def test_an_archive_that_was_exchanged(twice):
    file = list_source(twice)[1]
    with zipfile.ZipFile(twice, 'w') as archive:
        archive.writestr('a', b'new')
    sources._archive.cache_clear()
    with pytest.raises(UnusableFile, match='has changed since a was listed'):
        read_source_file(file)
