"""MemberReader: the same files from a folder and from each archive."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile

import pytest

from shapmix_mm.datasets import json_members
from shapmix_mm.datasets.json_members import Member, MemberReader

FILES = {'top.json': b'{}', 'in/deep.json': b'[1]', 'in/empty': b''}


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
    monkeypatch.setattr(json_members, 'MAX_BYTES', 2)
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
