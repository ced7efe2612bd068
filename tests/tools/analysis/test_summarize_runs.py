"""The table of finished runs against values worked out by hand."""

import json
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


def test_last_epoch_mean_and_t_interval(tmp_path, run):
    for seed, few in enumerate((0.1, 0.2, 0.3)):
        add_run(tmp_path, 'ce', seed, {4: 0.9, 8: few})
    out = run(tmp_path)
    # Standard error 10 / sqrt(3), t of 2 degrees of freedom 4.3027.
    assert '| ce | 3 | 50.0 ± 0.0 | - | - | 20.0 ± 24.8 | 50.0 ± 0.0 |' in out
    assert '90.0' in run(tmp_path, '--epoch', 4)


def test_one_seed_has_no_interval_and_an_absent_group_a_dash(tmp_path, run):
    add_run(tmp_path, 'ce', 0, {8: None})
    assert '| ce | 1 | 50.0 | - | - | - | 50.0 |' in run(tmp_path)


def test_an_unfinished_run_is_named_and_left_out(tmp_path, run):
    add_run(tmp_path, 'ce', 0, {8: 0.2})
    add_run(tmp_path, 'stmix', 0, {4: 0.2})
    out = run(tmp_path)
    assert 'stmix |' not in out
    assert f'{tmp_path / "stmix" / "0"} has no validation of epoch 8' in out


@pytest.mark.parametrize('make', [True, False])
def test_a_folder_without_runs_is_an_error(tmp_path, make, run):
    (tmp_path / 'root').mkdir() if make else None
    with pytest.raises(SystemExit) as stop:
        run(tmp_path / 'root')
    told = f'error: no run below {tmp_path / "root"} has a validation'
    assert str(stop.value) == told


CONFIG = """
model, train_cfg = dict(), dict(max_epochs={epochs})
val_evaluator = dict(type='LongTailMetric', many={many}, few=4)
"""


def add_config(root, folder, epochs, many=7):
    text = CONFIG.format(epochs=epochs, many=many)
    (root / folder / 'leaf.py').write_text(text)


def test_the_default_folder_of_a_training(tmp_path, run):
    """tools/train.py writes to work_dirs/CONFIG, without method and seed."""
    add_run(tmp_path, 'work_dirs', 'ctrgcn_ce_demo', {8: 0.25})
    out = run(tmp_path / 'work_dirs')
    assert '| ctrgcn_ce_demo | 1 | 50.0 | - | - | 25.0 | 50.0 |' in out
    out = run(tmp_path / 'work_dirs' / 'ctrgcn_ce_demo')
    assert '| ctrgcn_ce_demo | 1 | 50.0' in out


def test_runs_of_other_lengths_and_depths_are_rows(tmp_path, run):
    add_run(tmp_path, 'set/ce', 0, {4: 0.1})
    add_run(tmp_path, 'ce-2x', 0, {4: 0.1, 8: 0.3})
    add_config(tmp_path, 'set/ce/0', 4)
    add_config(tmp_path, 'ce-2x/0', 8, many=9)
    out = run(tmp_path)
    assert '| set/ce | 1 | 50.0 | - | - | 10.0 |' in out
    assert '| ce-2x | 1 | 50.0 | - | - | 30.0 |' in out
    # Thresholds are those of each run's metric.
    assert 'groups of set/ce: many > 7 training samples, few < 4' in out
    assert 'groups of ce-2x: many > 9 training samples, few < 4' in out


def test_the_help_tells_the_default_epoch(run, capsys):
    with pytest.raises(SystemExit):
        run('--help')
    told = ' '.join(capsys.readouterr().out.split())
    assert 'planned end of each run' in told


def test_a_cut_last_line_is_no_error_and_damage_is_named(tmp_path, run):
    add_run(tmp_path, 'ce', 0, {8: 0.2})
    (log,) = tmp_path.glob('*/*/*/*/scalars.json')
    log.write_text(log.read_text() + '\n{"acc/ov')
    assert '| ce | 1 | 50.0' in run(tmp_path)
    assert 'damaged' not in run(tmp_path)
    log.write_text('{"lo\n' + log.read_text())
    assert f'damaged: {log}, line 1' in run(tmp_path)
