"""The error benchmark on a tiny set, frozen and while training."""

import json
import math
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / 'tools/benchmark'
NAMES = {
    'marginal (paper)',
    'marginal, recent',
    'per sample',
    'per sample, recent',
    'permutation',
    'permutation, recent',
    'fast',
    'gradcam',
}


def rows_of(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert {row['estimator'] for row in rows} == NAMES
    for row in rows:
        # Grad-CAM has another unit than the worth of a coalition.
        assert (row['rmse'] is None) == (row['estimator'] == 'gradcam')
        assert row['rmse'] is None or 0 < row['rmse'] < 1
        assert row['rank_corr'] is None or -1 <= row['rank_corr'] <= 1
        assert 0 < row['seen'] <= 1
    return {
        (row['estimator'], row.get('epoch', row['passes'])): row
        for row in rows
    }


@pytest.mark.slow
def test_errors_of_a_frozen_model(tmp_path, write_stick, write_config, tool):
    cfg = write_config(write_stick(), shapmix=False)
    out = tool(
        'benchmark/saliency_error',
        cfg,
        '--passes',
        *(8, 800),
        '--seeds',
        2,
        '--batch-size',
        7,
        '--json',
        tmp_path / 'rows.jsonl',
        '--plot',
        tmp_path / 'curves.png',
        path=[BENCHMARK],
    ).out
    rows = rows_of(tmp_path / 'rows.jsonl')
    assert len(rows) == 16 and all(row['seeds'] == 2 for row in rows.values())
    for name in ('per sample, recent', 'permutation, recent', 'fast'):
        early, late = rows[name, 8.0], rows[name, 800.0]
        assert late['rmse'] < 0.5 * early['rmse'], name
        assert late['rank_corr'] > 0.7 and late['seen'] == 1
    ratio = (
        rows['permutation, recent', 800.0]['rmse']
        / (rows['marginal (paper)', 800.0]['rmse'])
    )
    assert f'{ratio:.2f} at 800' in out
    assert (tmp_path / 'curves.png').read_bytes().startswith(b'\x89PNG')


@pytest.mark.slow
def test_errors_while_training(tmp_path, write_stick, write_config, tool):
    cfg = write_config(write_stick())
    tool(
        'benchmark/saliency_error',
        cfg,
        '--while-training',
        '--every',
        1,
        '--json',
        tmp_path / 'rows.jsonl',
        path=[BENCHMARK],
    )
    rows = rows_of(tmp_path / 'rows.jsonl')
    assert len(rows) == 16
    epochs = {epoch for _, epoch in rows}
    assert epochs == {1, 2}
    iters = rows['gradcam', 2]['passes']
    assert rows['gradcam', 1]['passes'] == pytest.approx(iters / 2)
    # One clip per sample and step, six coalitions with one shared in part.
    walk = rows['permutation', 2]['passes'] / iters
    assert 5 < walk <= 6 and walk == pytest.approx(
        rows['permutation, recent', 2]['passes'] / iters
    )
    assert rows['marginal (paper)', 2]['passes'] <= 2 * iters
    assert not math.isclose(
        rows['permutation', 2]['rmse'], rows['permutation, recent', 2]['rmse']
    )


def test_bad_arguments_are_refused_before_any_work(tmp_path, tool):
    result = tool('benchmark/saliency_error', ok=False, path=[BENCHMARK])
    assert result.rc and 'CONFIG, or --quick' in result.out
    result = tool(
        'benchmark/saliency_error',
        '--quick',
        '--json',
        tmp_path / 'absent' / 'rows.jsonl',
        ok=False,
        path=[BENCHMARK],
    )
    assert result.rc and 'no such folder' in result.out
