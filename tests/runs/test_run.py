"""Logs of a run: resumes, damage, environment and time."""

import json
import math

import pytest

from shapmix_mm.runs.run import RunError, lacks, read_log


def test_one_part(run_dir):
    log = read_log(run_dir)
    assert [entry['step'] for entry in log.steps] == [2, 3, 5, 6]
    assert log.accuracies['few'] == {1: 0.1, 2: 0.2}
    assert log.last() == (2, dict.fromkeys(log.accuracies, 0.2))
    assert log.seconds == 90
    assert log.parts == 1


def test_environment_ends_where_the_config_begins(run_dir):
    facts = read_log(run_dir).environment
    assert facts['PyTorch'] == '2.0.0'
    assert facts['seed'] == '7'


def test_a_resume_replaces_what_it_repeats(tmp_path, training):
    training.write(tmp_path, 'a', training.lines(1, 3))
    training.write(tmp_path, 'b', training.lines(2, 4, loss=2.0))
    log = read_log(tmp_path)
    assert [e['step'] for e in log.steps] == [2, 3, 5, 6, 8, 9, 11, 12]
    assert log.steps[1]['loss'] == pytest.approx(1 / 3)
    assert log.steps[2]['loss'] == pytest.approx(2 / 5)
    assert log.accuracies['overall'] == pytest.approx(
        {1: 0.1, 2: 0.4, 3: 0.6, 4: 0.8}
    )
    assert log.seconds == 180
    assert log.parts == 2


def test_a_training_from_scratch_replaces_all(tmp_path, training):
    training.write(tmp_path, 'a', training.lines(1, 4))
    training.write(tmp_path, 'b', training.lines(1, 1, loss=2.0))
    log = read_log(tmp_path)
    assert [e['step'] for e in log.steps] == [2, 3]
    assert log.accuracies['few'] == {1: 0.2}


def test_stock_metric_and_missing_keys(tmp_path, training):
    lines = training.lines(1, 1)[:1] + [
        {'acc/top1': 0.5, 'acc/mean1': 0.25, 'step': 1}
    ]
    training.write(tmp_path, 'a', lines)
    log = read_log(tmp_path)
    assert log.last() == (1, dict(overall=0.5, mean_class=0.25))
    assert math.isnan(log.series('memory')[0])


@pytest.mark.parametrize(
    'names, want',
    [(('lt',), 0.5), (('lt', 'other'), 0.5), (('lt', 'acc', 'other'), 0.6)],
)
def test_metrics_of_their_own_prefix(tmp_path, training, names, want):
    found = {
        f'{name}/{key}': 0.5 + place / 10
        for place, name in enumerate(names)
        for key in ('overall', 'few', 'ece')
    }
    lines = training.lines(1, 1)[:1] + [dict(found, step=1)]
    training.write(tmp_path, 'a', lines)
    log = read_log(tmp_path)
    assert log.last() == (1, dict(overall=want, few=want))
    assert log.calibration == {1: want}


def test_half_a_line_at_the_end_is_skipped(run_dir):
    path = next(run_dir.glob('*/vis_data/scalars.json'))
    path.write_text(path.read_text() + '\n{"loss": 0.')
    assert len(read_log(run_dir).steps) == 4


def test_a_test_run_beside_the_training_is_no_part(run_dir, training):
    training.write(run_dir, 'z', [{'acc/overall': 1.0, 'step': 9}])
    assert read_log(run_dir).parts == 1


@pytest.mark.parametrize('make', [True, False])
def test_without_logs(tmp_path, make):
    path = tmp_path / 'empty'
    path.mkdir() if make else None
    with pytest.raises(RunError, match='no log' if make else 'no direct'):
        read_log(path)


def test_a_run_that_trains_nothing_has_its_validation(tmp_path):
    """Tau-normalisation logs a validation and no training step."""
    path = tmp_path / '20260101_000000' / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text('{"acc/overall": 0.5, "step": 1}\n')
    assert read_log(tmp_path).last() == (1, dict(overall=0.5))
    path.write_text('{"loss": 0.')
    with pytest.raises(RunError, match='no training step and no validation'):
        read_log(tmp_path)


def test_a_damaged_line_is_named_and_a_cut_last_one_is_not(run_dir):
    path = next(run_dir.glob('*/vis_data/scalars.json'))
    lines = path.read_text().splitlines()
    path.write_text('\n'.join([lines[0], '{"lo', *lines[1:], '{"loss": 0.']))
    log = read_log(run_dir)
    assert log.damaged == [f'{path}, line 2']
    assert len(log.steps) == 4


def test_one_judge_of_what_is_finished(run_dir, training):
    log = read_log(run_dir)

    def judge(end=2, **kwargs):
        return lacks(run_dir, log, end, **kwargs)

    assert judge(checkpoint=False) == '' == judge()
    assert judge(3) == '2 of 3 epochs were trained'
    assert judge(9, unit='iteration') == '6 of 9 iterations were trained'
    (run_dir / 'epoch_2.pth').rename(run_dir / 'epoch_3.pth')
    assert judge() == 'the checkpoint of epoch 2 is missing or damaged'
    # Killed between the last checkpoint and its validation.
    assert judge(3) == 'the validation of epoch 3 is missing'
    assert judge(3, validates=False) == ''
    assert lacks(run_dir, None, 3) == 'nothing is logged'


def test_a_validation_made_good_by_a_resume_counts(tmp_path):
    """Killed between the last checkpoint and its validation."""
    step = dict(loss=1.0, time=0.5, lr=0.1)
    parts = [
        [
            dict(step, epoch=1, iter=1, step=1),
            {'acc/overall': 0.5, 'step': 1},
            dict(step, epoch=2, iter=2, step=2),
        ],
        [{'acc/overall': 0.1, 'step': 0}],  # as a test leaves it
        [{'acc/overall': 0.7, 'step': 2}],
        [{'acc/overall': 0.2, 'step': 2}],  # no longer owed
    ]
    for number, entries in enumerate(parts):
        path = tmp_path / f'2026010{number + 1}' / 'vis_data/scalars.json'
        path.parent.mkdir(parents=True)
        path.write_text(''.join(json.dumps(e) + '\n' for e in entries))
    log = read_log(tmp_path)
    assert log.accuracies['overall'] == {1: 0.5, 2: 0.7}
    assert len(log.steps) == 2
