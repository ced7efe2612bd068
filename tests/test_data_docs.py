"""The example of docs/data.md works as it stands there."""

import re
from pathlib import Path

import pytest
from mmaction.registry import DATASETS

import shapmix_mm  # noqa: F401
from shapmix_mm.datasets.prepare.ntu import PUBLISHED_COUNTS

TEXT = (Path(__file__).resolve().parents[1] / 'docs' / 'data.md').read_text(
    encoding='utf-8'
)


def test_the_own_data_can_be_served(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r'```python\n(.*?)```', TEXT, re.S)
    shown = {}
    exec(code, shown)
    dataset = DATASETS.build(shown['dataset'])
    assert len(dataset) == 30
    assert dataset.metainfo['class_counts'] == [28, 2]
    assert dataset.metainfo['classes'] == ['common', 'rare']
    shown['layout']['num_node'] = 10
    with pytest.raises(ValueError):
        DATASETS.build(shown['dataset'])


def test_the_table_of_splits_is_what_the_tool_compares_with():
    for counts in PUBLISHED_COUNTS.values():
        for part, partner in zip(*[iter(counts.values())] * 2):
            assert f'{part:,} / {partner:,}' in TEXT
