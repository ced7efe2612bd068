"""The pipeline benchmark on a few clips: rows that fit together."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / 'tools/benchmark'
KEYS = {'what', 'variant', 'value', 'unit', 'ratio_to_stock'}


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARK))
    import data_pipeline

    return data_pipeline


def test_rows_and_table(tmp_path, monkeypatch, capsys, module):
    out = tmp_path / 'rows.json'
    args = ['--samples', '6', '--rounds', '2', '--json', str(out)]
    monkeypatch.setattr(sys, 'argv', ['data_pipeline.py', *args])
    module.main()
    rows = json.loads(out.read_text())
    whole, kinds = rows[:3], rows[3:]
    assert [row['variant'] for row in whole] == ['stock', 'ours', 'cache']
    assert all(row.keys() >= KEYS for row in rows)
    assert {row['what'] for row in rows} == {'pipeline'}
    assert whole[0]['ratio_to_stock'] == 1
    # Far below what is reached, so that a busy machine does not matter.
    assert whole[1]['ratio_to_stock'] > 2 < whole[2]['ratio_to_stock']
    assert len(kinds) == 18 and len({row['kind'] for row in kinds}) == 6
    table = capsys.readouterr().out
    assert '1 of 2 persons, float16' in table


def test_a_ratio_is_taken_within_each_round(module):
    stock = np.array([[2.0, 4.0], [4.0, 8.0], [1.0, 2.0]])
    rows = module.rows_of(dict(stock=stock, ours=stock / [[2], [8], [4]]))
    assert rows[0]['value'] == pytest.approx(1 / 3)
    assert rows[1]['ratio_to_stock'] == pytest.approx(4)
    assert rows[1]['ratio_low'] == pytest.approx(3)


def test_variants_that_differ_are_not_timed(tmp_path, module):
    datasets = module.build_datasets(tmp_path, module.CONFIG, 6, 0)
    module.check_equal(datasets, 0)
    datasets['ours'].pipeline.transforms[3].clip_len = 50
    datasets['ours'].pipeline.transforms.pop(2)
    with pytest.raises(RuntimeError, match="sample 0 of variant 'ours'"):
        module.check_equal(datasets, 0)


def test_help(monkeypatch, capsys, module):
    monkeypatch.setattr(sys, 'argv', ['data_pipeline.py', '--help'])
    with pytest.raises(SystemExit) as stop:
        module.main()
    assert stop.value.code == 0 and '--rounds' in capsys.readouterr().out
