"""Kills at random moments change nothing, nor does where it was saved."""

import importlib.util
from pathlib import Path

import pytest
import torch

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


@pytest.mark.slow
def test_ranks_go_on_within_an_epoch_each_with_its_own_buffers(
    tmp_path, write_stick, write_config, two_ranks
):
    """Of four batches; the statistics of batch norm differ between ranks."""
    cfg = write_config(
        write_stick(),
        "train_dataloader['batch_size'] = 3\n"
        "default_hooks['checkpoint'].update(by_epoch=False, interval=3)\n",
    )
    two_ranks('train', cfg, '--work-dir', tmp_path / 'whole')
    saved = tmp_path / 'whole/iter_3.pth'
    two_ranks(
        'train', cfg, '--work-dir', tmp_path / 'again', '--resume', saved
    )
    one, other = (
        torch.load(tmp_path / name / 'iter_8.pth', weights_only=False)
        for name in ('whole', 'again')
    )
    for name, value in one['state_dict'].items():
        assert torch.equal(value, other['state_dict'][name]), name
    ranks, again = (run['within_epoch']['buffers'] for run in (one, other))
    assert len(ranks) == 2
    for mine, theirs in zip(ranks, again):
        assert all(torch.equal(v, theirs[name]) for name, v in mine.items())
    mean = 'backbone.data_bn.running_mean'
    assert not torch.equal(ranks[0][mean], ranks[1][mean])
