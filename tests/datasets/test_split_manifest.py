"""The manifest says what was drawn."""

from __future__ import annotations

import hashlib
import json

from shapmix_mm.datasets import LongTailSpec, Selection, names_digest
from shapmix_mm.datasets.split_manifest import manifest_table, split_manifest


def make(tmp_path, spec, **extra):
    source = tmp_path / 'deep' / 'all.txt'
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(b'names')
    selection = Selection(('a', 'b', 'c'), (2, 1), (3, 1))
    return split_manifest(
        spec, selection, source, groups=['few', 'many'], **extra
    )


def test_entries(tmp_path):
    got = make(tmp_path, LongTailSpec(imbalance=7, seed=3), version='1.0')
    assert json.loads(json.dumps(got)) == got
    assert got['longtail'] == dict(
        profile='exp',
        imbalance=7,
        n_max=None,
        order='native',
        seed=3,
        names='name',
        counts=None,
        file=None,
    )
    assert (got['num_samples'], got['num_classes']) == (3, 2)
    assert (got['counts'], got['requested_counts']) == ([2, 1], [3, 1])
    assert (got['imbalance_requested'], got['imbalance_achieved']) == (7, 2)
    assert got['groups'] == dict(many=1, medium=0, few=1)
    assert got['names_sha256'] == names_digest(['a', 'b', 'c'])
    assert got['source'] == dict(
        file='all.txt', sha256=hashlib.sha256(b'names').hexdigest()
    )
    assert got['version'] == '1.0'
    assert LongTailSpec(**got['longtail']) == LongTailSpec(imbalance=7, seed=3)


def test_no_folder_is_recorded(tmp_path):
    spec = LongTailSpec(profile='list', file=str(tmp_path / 'list.txt'))
    got = make(tmp_path, spec)
    assert got['longtail']['file'] == 'list.txt'
    assert got['imbalance_requested'] == 3
    assert str(tmp_path) not in json.dumps(got)


def test_table(tmp_path):
    got = make(tmp_path, LongTailSpec(), thresholds=dict(few=20, many=100))
    lines = manifest_table(got, 9).splitlines()
    assert lines[0].split() == ['samples', '3', 'of', '9']
    assert lines[3].split() == ['many', '>', '100', '1']
    assert lines[5].split() == ['few', '<', '20', '1']
