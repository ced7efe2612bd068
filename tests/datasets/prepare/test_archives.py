"""Folders and archives, whole and damaged."""

from __future__ import annotations

import io
import os
import tarfile
import warnings
import zipfile

import pytest

from shapmix_mm.datasets.prepare import archives
from shapmix_mm.datasets.prepare.archives import (
    Member,
    MemberReader,
    SourceFile,
    list_source,
    read_source_file,
)
from shapmix_mm.datasets.prepare.skipped import UnusableFile

FILES = {'top.json': b'{}', 'in/deep.json': b'[1]', 'in/empty': b''}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'src' / 'deep' / 'deeper').mkdir(parents=True)
    (tmp_path / 'src' / 'b.txt').write_bytes(b'b')
    (tmp_path / 'src' / 'deep' / 'deeper' / 'a.txt').write_bytes(b'aa')
    return tmp_path / 'src'


def zipped(folder):
    path = folder.with_suffix('.zip')
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for place in sorted(folder.rglob('*')):
            archive.write(place, f'top/{place.relative_to(folder)}')
    return path


def test_a_folder_and_an_archive_give_the_same(folder):
    inside = list_source(folder)
    packed = list_source(zipped(folder))
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
    path = zipped(folder)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match='nor a whole zip archive'):
        list_source(path)


def test_a_damaged_member_costs_itself_only(folder):
    path = zipped(folder)
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
    monkeypatch.setattr(archives, 'MAX_BYTES', 1)
    with pytest.raises(UnusableFile) as caught:
        read_source_file(files[1])
    assert caught.value.reason == 'too large'
    with pytest.raises(UnusableFile) as caught:
        read_source_file(SourceFile(str(folder), 'gone', 0, 0))
    assert caught.value.reason == 'unreadable'


def test_a_process_opens_an_archive_for_itself(folder, monkeypatch):
    """Processes that were forked share the position in an open file."""
    file = list_source(zipped(folder))[0]
    read_source_file(file)
    mine = archives._archive(file.source, os.getpid())
    with monkeypatch.context() as patch:
        patch.setattr(os, 'getpid', lambda: -1)
        before = archives._archive.cache_info().misses
        assert read_source_file(file) == b'b'
        assert archives._archive.cache_info().misses == before + 1
        assert archives._archive(file.source, -1) is not mine


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
    archives._archive.cache_clear()
    with pytest.raises(UnusableFile, match='has changed since a was listed'):
        read_source_file(file)


def read(path):
    reader = MemberReader(path)
    try:
        members = list(reader)
        assert len(reader) == len(members)
        return members
    finally:
        reader.close()


def fill(folder):
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def pack(tmp_path, kind):
    folder = fill(tmp_path / 'files')
    path = tmp_path / f'files.{kind}'
    if kind == 'zip':
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.mkdir('in') if hasattr(archive, 'mkdir') else None
            for name in FILES:
                archive.write(folder / name, name)
    else:
        with tarfile.open(path, f'w:{kind[4:]}') as archive:
            archive.add(folder, '.')
    return path


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path):
    names = [member.name for member in read(fill(tmp_path))]
    assert names == sorted(FILES)


@pytest.mark.parametrize('kind', ['zip', 'tar', 'tar.gz', 'tar.xz', 'tar.bz2'])
def test_archives_hold_what_the_folder_holds(tmp_path, kind):
    members = read(pack(tmp_path, kind))
    found = {member.name.replace('./', ''): member for member in members}
    assert {name: m.content for name, m in found.items()} == FILES
    assert not any(member.problem for member in members)


def test_reading_writes_nothing(tmp_path):
    path = pack(tmp_path, 'tar.xz')
    before = sorted(tmp_path.rglob('*'))
    read(path)
    assert sorted(tmp_path.rglob('*')) == before


def test_hostile_members_come_as_names_only_or_not_at_all(tmp_path):
    path = tmp_path / 'evil.tar'
    with tarfile.open(path, 'w') as archive:
        for name, kind in (
            ('../up.json', tarfile.REGTYPE),
            ('/abs.json', tarfile.REGTYPE),
            ('link.json', tarfile.SYMTYPE),
            ('hard.json', tarfile.LNKTYPE),
            ('dev.json', tarfile.CHRTYPE),
            ('pipe.json', tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, '/etc/passwd'
            archive.addfile(info, io.BytesIO())
    assert read(path) == [Member('../up.json', b''), Member('/abs.json', b'')]
    assert os.listdir(tmp_path) == ['evil.tar']


@pytest.mark.parametrize('kind', ['zip', 'tar.gz'])
def test_an_oversized_member_has_no_content(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(archives, 'MAX_BYTES', 2)
    found = {m.name.replace('./', ''): m for m in read(pack(tmp_path, kind))}
    assert found['top.json'].content == b'{}'
    assert found['in/deep.json'].content is None
    assert 'larger than' in found['in/deep.json'].problem


def test_a_damaged_zip_member_is_told_and_the_others_are_read(tmp_path):
    path = tmp_path / 'bad.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('a.json', b'AAAA')
        archive.writestr('b.json', b'BBBB')
    path.write_bytes(path.read_bytes().replace(b'AAAA', b'AXAA'))
    first, second = read(path)
    assert first.content is None and 'unreadable' in first.problem
    assert second == Member('b.json', b'BBBB')


@pytest.mark.parametrize('kind', ['zip', 'tar.gz', 'tar.xz'])
def test_a_truncated_archive_is_refused(tmp_path, kind):
    path = pack(tmp_path, kind)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=f'files.{kind}'):
        MemberReader(path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / 'notes.txt'
    path.write_text('hello')
    with pytest.raises(ValueError, match='notes.txt.*archive'):
        MemberReader(path)


def test_a_missing_source_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='gone.*tar.xz'):
        MemberReader(tmp_path / 'gone')
