"""Sources of training counts, and what is said of those that are none."""

from __future__ import annotations

import json

import pytest

from shapmix_mm.runs.classes import read_training_counts


def test_a_manifest(tmp_path):
    path = tmp_path / 'list.json'
    path.write_text(json.dumps(dict(counts=[3, 1], thresholds=dict(many=2))))
    found = read_training_counts(str(path))
    assert (found.counts, found.many, found.few) == ([3, 1], 2, 20)


@pytest.mark.parametrize(
    'text, words',
    [
        ('a = dict(\n', r"or .* no valid Python in line 1, 'a = dict\(': "),
        ("_base_ = 'base.py'\n", r"or .* no valid Python in line 1, 'a = \["),
        ('a = b\n', "cannot be read: NameError: name 'b' is not"),
        ('model = dict()\n', 'has no test_dataloader with a dataset'),
        ('test_dataloader = None\n', 'has no test_dataloader with'),
        ('test_dataloader = dict(batch_size=2)\n', 'has no test_dataloader'),
    ],
)
def test_a_config_that_tells_none(tmp_path, text, words):
    (tmp_path / 'base.py').write_text('a = [')
    path = tmp_path / 'bad.py'
    path.write_text(text)
    with pytest.raises(
        ValueError, match=f'config .*/bad.py,? {words}'
    ) as error:
        read_training_counts(str(path))
    assert '\n' not in str(error.value)


def test_a_damaged_manifest_is_named(tmp_path):
    path = tmp_path / 'list.json'
    path.write_text('{"counts": [3,')
    with pytest.raises(ValueError, match='list.json is no JSON file'):
        read_training_counts(str(path))
