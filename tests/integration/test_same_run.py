"""Ten kills at random moments change nothing."""

import importlib.util
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.mark.slow
def test_a_run_killed_ten_times_equals_one_that_was_never_stopped(
    tmp_path, stick_maker
):
    """More of them, and two ranks: ``make stress``."""
    spec = importlib.util.spec_from_file_location(
        'kill_runs', HERE / 'kill_runs.py'
    )
    kill_runs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kill_runs)
    extra = kill_runs.EXTRA.format(workers=2, persistent=True)
    config = stick_maker.config(
        tmp_path, stick_maker.annotations(tmp_path), extra
    )
    done = kill_runs.run(config, tmp_path, kills=10, seed=1)
    assert done['SIGKILL'] + done['SIGTERM'] == 10
    assert done['SIGKILL'] and done['SIGTERM'] and done['compared']
