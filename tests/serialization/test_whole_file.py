"""A file is as it was, or the new one."""

import pytest

from shapmix_mm.serialization import whole_file


def test_it_is_replaced_at_the_end_alone(tmp_path):
    path = tmp_path / 'new' / 'a.csv'
    with whole_file(path) as scratch:
        assert scratch.suffix == '.csv' and not path.exists()
        scratch.write_text('one')
    assert path.read_text() == 'one'
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_one_and_no_scratch(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(KeyError), whole_file(path) as scratch:
        scratch.write_text('half')
        raise KeyError
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / 'real').write_text('old')
    link = tmp_path / 'link'
    link.symlink_to(tmp_path / 'real')
    with whole_file(link) as scratch:
        scratch.write_text('new')
    assert link.is_symlink() and (tmp_path / 'real').read_text() == 'new'
