"""A training as a process, in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shapmix_mm.engine.session import training_session

HOLD = """
import sys, time
import shapmix_mm
from shapmix_mm.engine import session
session._LOOK, session._GRACE = 0.1, float(sys.argv[3])
with session.training_session(sys.argv[1], sys.argv[2]):
    print('in', flush=True)
    time.sleep(60)
"""


def hold(folder, launcher='none', grace=0.5, **kwargs):
    """A process that trains, as far as others can see."""
    process = subprocess.Popen(
        [sys.executable, '-c', HOLD, str(folder), launcher, str(grace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **kwargs,
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == 'in\n':
            return process, ''.join(lines[:-1])
    pytest.fail(''.join(lines))


def test_a_folder_takes_one_training_and_a_stale_lock_is_taken_over(
    tmp_path, capsys
):
    process, said = hold(tmp_path)
    assert said == ''
    with pytest.raises(SystemExit) as refused, training_session(tmp_path):
        pytest.fail('there are two')
    told = str(refused.value)
    host = os.uname().nodename
    assert f'pid {process.pid} on host {host}, started 2' in told
    assert 'is in use' in told and '--work-dir' in told
    process.kill()
    process.wait()
    with training_session(tmp_path):
        said = capsys.readouterr().out
        assert f'taken over from pid {process.pid} on host {host}' in said
    # One that ends in order leaves nothing to take over.
    with training_session(tmp_path):
        assert capsys.readouterr().out == ''


def test_ctrl_c_ends_in_one_line_and_frees_the_folder(tmp_path, capsys):
    process, _ = hold(tmp_path)
    process.send_signal(signal.SIGINT)
    out = process.communicate(timeout=20)[0]
    assert process.returncode == 130
    assert out.startswith('interrupted; go on with: python -c ')
    assert out.count('\n') == 1 and 'Traceback' not in out
    with training_session(tmp_path):
        assert capsys.readouterr().out == ''


def test_only_the_first_rank_takes_the_lock(tmp_path, monkeypatch):
    process, _ = hold(tmp_path)
    monkeypatch.setenv('SLURM_PROCID', '1')
    monkeypatch.setattr(
        'shapmix_mm.engine.session._end_with_launcher', lambda: None
    )
    with training_session(tmp_path, 'slurm'):
        pass
    process.kill()
    process.wait()


LAUNCHER = """
import subprocess, sys, time
subprocess.Popen([sys.executable, '-c', *sys.argv[1:]])
time.sleep(60)
"""


@pytest.mark.parametrize('deaf', [False, True])
def test_ranks_end_when_their_launcher_was_killed(tmp_path, deaf):
    """By SIGTERM, or for good where nothing comes of it."""
    code = HOLD
    if deaf:
        code = 'import signal\nsignal.signal(15, signal.SIG_IGN)' + HOLD
    launcher = subprocess.Popen(
        [
            sys.executable,
            '-c',
            LAUNCHER,
            code,
            str(tmp_path),
            'pytorch',
            '0.5',
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert launcher.stdout.readline() == 'in\n'
    owner = Path(tmp_path, '.training.lock').read_text()
    rank = int(owner.split()[1])
    launcher.kill()
    launcher.wait()
    deadline = time.monotonic() + 20
    while Path(f'/proc/{rank}/stat').exists():
        state = Path(f'/proc/{rank}/stat').read_text().split()[2]
        if state == 'Z':
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert 'is gone' in launcher.stdout.read()
