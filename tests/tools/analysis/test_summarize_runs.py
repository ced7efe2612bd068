"""The table of finished runs against values worked out by hand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[3] / 'tools/analysis/summarize_runs.py'


def add_run(root, method, seed, few_by_epoch):
    folder = root / method / str(seed) / '20260101_000000' / 'vis_data'
    folder.mkdir(parents=True)
    lines = [json.dumps(dict(loss=1.0, step=3))]
    for epoch, few in few_by_epoch.items():
        entry = {'acc/overall': 0.5, 'acc/mean_class': 0.5, 'step': epoch}
        if few is not None:
            entry['acc/few'] = few
        lines.append(json.dumps(entry))
    (folder / 'scalars.json').write_text('\n'.join(lines))


def run(*args):
    return subprocess.run(
        [sys.executable, str(TOOL), *map(str, args)],
        capture_output=True,
        text=True,
    )


def test_last_epoch_mean_and_t_interval(tmp_path):
    for seed, few in enumerate((0.1, 0.2, 0.3)):
        add_run(tmp_path, 'ce', seed, {4: 0.9, 8: few})
    out = run(tmp_path).stdout
    # Standard error 10 / sqrt(3), t of 2 degrees of freedom 4.3027.
    assert '| ce | 3 | 50.0 ± 0.0 | - | - | 20.0 ± 24.8 | 50.0 ± 0.0 |' in out
    assert '90.0' in run(tmp_path, '--epoch', 4).stdout


def test_one_seed_has_no_interval_and_an_absent_group_a_dash(tmp_path):
    add_run(tmp_path, 'ce', 0, {8: None})
    assert '| ce | 1 | 50.0 | - | - | - | 50.0 |' in run(tmp_path).stdout


def test_an_unfinished_run_is_named_and_left_out(tmp_path):
    add_run(tmp_path, 'ce', 0, {8: 0.2})
    add_run(tmp_path, 'stmix', 0, {4: 0.2})
    out = run(tmp_path).stdout
    assert 'stmix |' not in out
    assert f'{tmp_path / "stmix" / "0"} has no validation of epoch 8' in out


@pytest.mark.parametrize('make', [True, False])
def test_a_folder_without_runs_is_an_error(tmp_path, make):
    (tmp_path / 'root').mkdir() if make else None
    result = run(tmp_path / 'root')
    assert result.returncode != 0
    assert 'METHOD/SEED' in result.stderr
