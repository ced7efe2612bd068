"""Name lists: formats, matching, digest."""

from __future__ import annotations

import gzip
import hashlib
import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapmix_mm.datasets import names_digest, plain_name, read_name_list
from shapmix_mm.datasets.name_list import match_names

NTU = 'S001C001P001R001A001'


@pytest.mark.parametrize(
    ('suffix', 'opener'), [('', open), ('.xz', lzma.open), ('.gz', gzip.open)]
)
def test_read(tmp_path, suffix, opener):
    path = tmp_path / f'list.txt{suffix}'
    with opener(path, 'wt') as stream:
        stream.write('# drawn by hand\na\r\n\n  b\nc')
    assert read_name_list(path) == ['a', 'b', 'c']


def test_unreadable(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.txt does not exist'):
        read_name_list(tmp_path / 'none.txt')
    empty = tmp_path / 'empty.txt'
    empty.write_text('\n# nothing\n')
    with pytest.raises(ValueError, match='empty.txt has no names'):
        read_name_list(empty)
    for name in ('a.txt', 'a.xz', 'a.gz'):
        binary = tmp_path / name
        binary.write_bytes(b'\xff\xfe\x00\x81')
        with pytest.raises(ValueError, match=f'{name} cannot be read'):
            read_name_list(binary)


@pytest.mark.parametrize(
    'line',
    [
        NTU,
        f'{NTU}.skeleton',
        f'nturgb+d_skeletons/{NTU}.skeleton',
        f'{NTU}_rgb.avi',
        f'{NTU} 0',
        f'{NTU},0',
    ],
)
def test_ntu_formats(line):
    assert plain_name(line) == NTU
    assert match_names([line], {NTU}) == ([NTU], [])


@pytest.mark.parametrize(
    'line', ['a01_s01', 'a01_s01.skeleton', 'x/a01_s01.skeleton', 'a01_s01,3']
)
def test_other_names(line):
    assert match_names([line], {'a01_s01'}) == (['a01_s01'], [])


def test_match_keeps_order_drops_repeats_and_tells_unknown():
    found, unknown = match_names(
        ['c', 'a', 'zz', 'c.skeleton', 'd e'], {'a', 'c', 'd e'}
    )
    assert found == ['c', 'a', 'd e']
    assert unknown == ['zz']


def test_digest_by_hand():
    expected = hashlib.sha256(b'a\nb\n').hexdigest()
    assert names_digest(['b', 'a']) == expected


@given(names=st.lists(st.text('abc', min_size=1), unique=True), data=st.data())
def test_digest_ignores_order_only(names, data):
    shuffled = data.draw(st.permutations(names))
    assert names_digest(shuffled) == names_digest(names)
    assert names_digest([*names, 'd']) != names_digest(names)
