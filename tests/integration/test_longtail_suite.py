"""A suite of two real trainings, stopped and given again."""

import csv
import json
import os
import signal
import time

import pytest

SUITE = """
configs: configs
datasets: [tiny]
recognizers: [stgcn]
seeds: [3]
epochs: 4
baseline: ce
methods: [ce, shapmix]
"""


@pytest.fixture
def suite(stick_maker, tmp_path):
    """A suite file with two leaves of its own."""
    folder = tmp_path / 'configs'
    folder.mkdir()
    data = stick_maker.annotations(tmp_path)
    for method in ('ce', 'shapmix'):
        stick_maker.config(
            folder,
            data,
            name=f'stgcn_{method}_tiny.py',
            shapmix=method == 'shapmix',
        )
    path = tmp_path / 'tiny.yaml'
    path.write_text(SUITE)
    return path


def wait_for(pattern, root, command):
    for _ in range(1200):
        if list(root.glob(pattern)):
            return
        time.sleep(0.1)
    command.kill()
    raise AssertionError(command.wait().out)


@pytest.mark.slow
def test_a_suite_goes_on_where_it_was_stopped(
    suite, start, tool, tmp_path, validations
):
    root = tmp_path / 'runs'
    args = (suite, '--root', root, '--workers', 2)
    command = start('benchmark/longtail', *args)
    wait_for('*/*/*/epoch_1.pth', root, command)
    os.kill(command.pid, signal.SIGTERM)
    stopped = command.wait()
    assert stopped.rc == 130 and 'goes on from here' in stopped.out

    # The first two were processes from the start.
    result = tool('benchmark/longtail', *args, forks=True)
    assert '2 of 2 runs are finished' in result.out
    runs = {m: root / 'tiny_stgcn' / m / '3' for m in ('ce', 'shapmix')}
    seen = {method: validations(run)[-1] for method, run in runs.items()}
    # One of them at least had begun.
    parts = [len(list(run.glob('*/vis_data'))) for run in runs.values()]
    assert max(parts) == 2
    for method, run in runs.items():
        assert (run / 'epoch_4.pth').is_file()
        record = json.loads((run / 'task.json').read_text())
        assert record['config']['train_cfg']['max_epochs'] == 4
        assert f'stgcn_{method}_tiny.py' in ' '.join(record['command'])

    tool('benchmark/longtail', suite, '--root', root, '--report')
    report = root / 'report'
    with open(report / 'runs.csv', newline='') as stream:
        table = {row['method']: row for row in csv.DictReader(stream)}
    for method, values in seen.items():
        row = table[method]
        assert float(row['overall']) == values['acc/overall']
        assert float(row['few']) == values['acc/few']
        assert 0 <= float(row['ece']) <= 1 and row['note'] == ''
    # Scores that are kept are taken without asking.
    before = (report / 'runs.csv').read_text()
    tool('benchmark/longtail', suite, '--root', root, '--report')
    assert (report / 'runs.csv').read_text() == before

    # Another machine needs no more of them than the table.
    known = ['--root', tmp_path / 'elsewhere', '--known', report / 'runs.csv']
    assert '0 runs in' in tool('benchmark/longtail', suite, *known).out
    tool('benchmark/longtail', suite, *known, '--report')
    summary = tmp_path / 'elsewhere' / 'report' / 'summary.csv'
    assert summary.read_text() == (report / 'summary.csv').read_text()


def test_a_typo_is_told_before_the_first_run(suite, tool, tmp_path):
    suite.write_text(SUITE.replace('shapmix]', 'shapmx]'))
    root = tmp_path / 'runs'
    result = tool('benchmark/longtail', suite, '--root', root, ok=False)
    assert result.rc != 0 and not root.exists()


def test_the_list_names_suites(tool):
    assert 'nwucla-cpu' in tool('benchmark/longtail', '--list').out
