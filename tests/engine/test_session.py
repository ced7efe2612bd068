"""A training as a process, in processes of their own."""

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from shapmix_mm.engine import session
from shapmix_mm.engine.session import training_session

FORK = multiprocessing.get_context('fork')


def train(out, folder, launcher, deaf):
    """Hold a folder, as far as others can see, and tell it through a pipe."""
    os.dup2(out, 1)
    sys.stdout = open(1, 'w', closefd=False)
    sys.argv = ['train.py', 'a.py']
    session._LOOK, session._GRACE = 0.1, 0.5
    # A shell lets what it starts in the background ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with training_session(folder, launcher):
        print('in', flush=True)
        time.sleep(60)


def launch(*args):
    FORK.Process(target=train, args=args).start()
    time.sleep(60)


def hold(folder, launcher='none', deaf=False, target=train):
    """A process that trains, forked from this one, and what it prints."""
    ours, theirs = os.pipe()
    process = FORK.Process(
        target=target, args=(theirs, folder, launcher, deaf)
    )
    process.start()
    os.close(theirs)
    stream = open(ours)
    said = []
    for line in stream:
        if line == 'in\n':
            return process, ''.join(said), stream
        said.append(line)
    pytest.fail(''.join(said))


def test_a_folder_takes_one_training_and_a_stale_lock_is_taken_over(
    tmp_path, capsys
):
    process, said, _ = hold(tmp_path)
    assert said == ''
    with pytest.raises(SystemExit) as refused, training_session(tmp_path):
        pytest.fail('there are two')
    told = str(refused.value)
    host = os.uname().nodename
    assert f'pid {process.pid} on host {host}, started 2' in told
    assert 'is in use' in told and '--work-dir' in told
    process.kill()
    process.join()
    with training_session(tmp_path):
        said = capsys.readouterr().out
        assert f'taken over from pid {process.pid} on host {host}' in said
    # One that ends in order leaves nothing to take over.
    with training_session(tmp_path):
        assert capsys.readouterr().out == ''


def test_ctrl_c_ends_in_one_line_and_frees_the_folder(tmp_path, capsys):
    process, _, stream = hold(tmp_path)
    os.kill(process.pid, signal.SIGINT)
    out = stream.read()
    process.join()
    assert process.exitcode == 130
    assert out.startswith('interrupted; go on with: python train.py a.py')
    assert out.count('\n') == 1 and 'Traceback' not in out
    with training_session(tmp_path):
        assert capsys.readouterr().out == ''


def test_only_the_first_rank_takes_the_lock(tmp_path, monkeypatch):
    process, _, _ = hold(tmp_path)
    monkeypatch.setenv('SLURM_PROCID', '1')
    monkeypatch.setattr(
        'shapmix_mm.engine.session._end_with_launcher', lambda: None
    )
    with training_session(tmp_path, 'slurm'):
        pass
    process.kill()
    process.join()


@pytest.mark.parametrize('deaf', [False, True])
def test_ranks_end_when_their_launcher_was_killed(tmp_path, deaf):
    """By SIGTERM, or for good where nothing comes of it."""
    launcher, _, stream = hold(tmp_path, 'pytorch', deaf, target=launch)
    owner = Path(tmp_path, '.training.lock').read_text()
    rank = int(owner.split()[1])
    launcher.kill()
    launcher.join()
    deadline = time.monotonic() + 20
    while Path(f'/proc/{rank}/stat').exists():
        state = Path(f'/proc/{rank}/stat').read_text().split()[2]
        if state == 'Z':
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert 'is gone' in stream.read()
