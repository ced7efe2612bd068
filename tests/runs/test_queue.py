"""The queue: every run once, whatever is killed."""

import io
import logging
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from dataclasses import replace
from importlib.util import find_spec

import pytest
from rich.console import Console

from shapmix_mm.runs.comparison import collect, write_comparison
from shapmix_mm.runs.queue import Cluster, Slot, is_done, run_tasks, try_lock
from shapmix_mm.runs.run import RunError
from shapmix_mm.runs.suite import Task

POLL = 0.01
# Importing it here would close the log files of other tests.
with_submitit = pytest.mark.skipif(
    find_spec('submitit') is None, reason='submitit is not installed'
)


def fork(call):
    """Run something in a process that can be killed alone."""
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        status = 1
        try:
            call()
            status = 0
        finally:
            os._exit(status)
    return pid


def wait(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def names(pairs):
    return Counter(name for _, name in pairs)


def texts(make_suite, tasks, out):
    paths = write_comparison(make_suite(tasks), collect(tasks), out)
    return {path.name: path.read_bytes() for path in paths}


def test_every_run_is_done_once(
    tmp_path, make_tasks, trainer, slots, events, capfd
):
    tasks = make_tasks(tmp_path)
    outcome = run_tasks(tasks, tmp_path, slots, trainer, poll=POLL)
    assert {t.name for t in outcome.done} == {t.name for t in tasks}
    assert not outcome.failed and all(map(is_done, tasks))
    assert names(events(tmp_path)['begin']) == {t.name: 1 for t in tasks}
    assert 'finished tail/ce/0' in capfd.readouterr().out
    # A second time there is nothing to do.
    again = run_tasks(tasks, tmp_path, slots, trainer, poll=POLL)
    assert len(again.done) == len(tasks)
    assert names(events(tmp_path)['begin']) == {t.name: 1 for t in tasks}


def test_a_failed_run_is_told_and_stops_no_other(
    tmp_path, make_tasks, trainer, slots, monkeypatch, events
):
    tasks = make_tasks(tmp_path, methods=('ce', 'bad', 'mix'))
    monkeypatch.setenv('FAKE_FAILS', 'bad')
    outcome = run_tasks(tasks, tmp_path, slots, trainer, poll=POLL)
    assert set(outcome.failed) == {'tail/bad/0', 'tail/bad/1'}
    assert len(outcome.done) == 4
    told = outcome.failed['tail/bad/0']
    assert 'exit status 3' in told and 'the reason of the failure' in told
    assert 'train.log' in told
    # Once its cause is gone, the same command does the rest.
    monkeypatch.delenv('FAKE_FAILS')
    outcome = run_tasks(tasks, tmp_path, slots, trainer, poll=POLL)
    assert len(outcome.done) == 6
    begun = names(events(tmp_path)['begin'])
    assert begun['tail/bad/0'] == 2 and begun['tail/ce/0'] == 1


def test_a_run_that_made_no_step_may_be_mended(
    tmp_path, make_tasks, trainer, slots, monkeypatch
):
    """Its record is of what it was to be, and nothing would be lost."""
    monkeypatch.setenv('FAKE_FAILS', 'ce')
    tasks = make_tasks(tmp_path, methods=('ce',), seeds=(0,))
    assert run_tasks(tasks, tmp_path, slots, trainer, poll=POLL).failed
    assert (tasks[0].folder / 'task.json').is_file()
    monkeypatch.delenv('FAKE_FAILS')
    tasks = make_tasks(tmp_path, methods=('ce',), seeds=(0,), epochs=2)
    outcome = run_tasks(tasks, tmp_path, slots, trainer, poll=POLL)
    assert outcome.done == tasks and not outcome.failed


@pytest.mark.slow
@with_submitit
def test_a_cluster_does_the_runs_and_tells_why_one_failed(
    tmp_path, make_tasks, trainer, events, monkeypatch
):
    """Submitit's local executor: processes in place of nodes."""
    monkeypatch.setenv('FAKE_FAILS', 'bad')
    tasks = staged(make_tasks(tmp_path, methods=('ce', 'mix'), seeds=(0,)))
    tasks += make_tasks(tmp_path, methods=('bad',), seeds=(0,))
    cluster = Cluster(tmp_path, 'local', dict(timeout_min=2))
    jobs = [Slot('job0', {}), Slot('job1', {})]
    outcome = run_tasks(
        tasks, tmp_path, jobs, trainer, cluster=cluster, poll=POLL
    )
    assert [task.name for task in outcome.done] == ['tail/ce/0', 'tail/mix/0']
    assert [is_done(task) for task in tasks] == [True, True, False]
    told = outcome.failed['tail/bad/0']
    assert 'exit status 3' in told and 'the reason of the failure' in told
    # The second stage has waited for the first.
    lines = [line.split() for line in (tmp_path / 'events').open()]
    stages = [(kind, name) for kind, _, name in lines if 'bad' not in name]
    assert stages == [
        ('begin', 'tail/ce/0'),
        ('done', 'tail/ce/0'),
        ('begin', 'tail/mix/0'),
        ('done', 'tail/mix/0'),
    ]
    record = (tasks[0].folder / 'task.json').read_text()
    assert 'fake_trainer.py' in record


@with_submitit
def test_a_cluster_leaves_open_log_files_alone(tmp_path):
    def go():
        # Its first import is what closes them.
        os.environ.pop('SUBMITIT_LOG_LEVEL', None)
        for name in [n for n in sys.modules if n.startswith('submitit')]:
            del sys.modules[name]
        handler = logging.FileHandler(tmp_path / 'log', 'w')
        Cluster(tmp_path, 'local', {})
        assert handler.stream is not None

    assert wait(fork(go)) == 0


def test_a_cluster_that_is_not_there_is_told(tmp_path, monkeypatch):
    with pytest.raises(RunError, match='--cluster nowhere: '):
        Cluster(tmp_path, 'nowhere', {})
    monkeypatch.setitem(sys.modules, 'submitit', None)
    with pytest.raises(RunError, match=r'shapmix_mm\[cluster\]'):
        Cluster(tmp_path, 'local', {})


def staged(tasks):
    """The runs, each of the second method after that of the first."""
    return [
        Task(
            replace(task.plan, first=tasks[0].plan)
            if task.plan is not tasks[0].plan
            else task.plan,
            task.seed,
            task.folder,
        )
        for task in tasks
    ]


def test_a_second_stage_waits_for_the_first(
    tmp_path, make_tasks, trainer, slots, events, monkeypatch
):
    tasks = staged(make_tasks(tmp_path))
    monkeypatch.setenv('FAKE_FAILS', 'ce')
    outcome = run_tasks(tasks, tmp_path, slots, trainer, poll=POLL)
    assert outcome.failed['tail/mix/1'] == 'its first stage tail/ce/1 failed'
    assert len(outcome.failed) == 4
    notes = {r.task.name: r.note for r in collect(tasks).itertuples()}
    assert notes['tail/ce/1'] == 'ended before its first step'
    missing = 'not started: its first stage tail/ce/1 is missing'
    assert notes['tail/mix/1'] == missing
    monkeypatch.delenv('FAKE_FAILS')
    outcome = run_tasks(tasks[::-1], tmp_path, slots, trainer, poll=POLL)
    assert len(outcome.done) == 4
    order = [line.split() for line in (tmp_path / 'events').open()]
    for seed in '01':
        done = order.index(
            next(x for x in order if x[::2] == ['done', f'tail/ce/{seed}'])
        )
        begun = order.index(
            next(x for x in order if x[::2] == ['begin', f'tail/mix/{seed}'])
        )
        assert done < begun
    # Its cost counts both stages, three epochs of three steps each.
    results = {
        r.task.name: r.train_seconds for r in collect(tasks).itertuples()
    }
    assert results == {
        t.name: 0.5 * 9 * (2 if 'mix' in t.name else 1) for t in tasks
    }


def test_a_run_that_ends_early_without_an_error_has_failed(
    tmp_path, make_tasks, slots
):
    tasks = make_tasks(tmp_path, seeds=(0,))
    outcome = run_tasks(tasks, tmp_path, slots, ['true'], poll=POLL)
    assert 'without its last validation' in outcome.failed['tail/ce/0']


@pytest.mark.parametrize('seed', range(3))
def test_kills_at_random_moments_lose_and_repeat_nothing(
    tmp_path, make_tasks, make_suite, trainer, slots, events, seed
):
    rng = random.Random(seed)
    root, calm = tmp_path / 'killed', tmp_path / 'calm'
    tasks, others = (
        make_tasks(folder, seeds=range(4), epochs=6) for folder in (root, calm)
    )
    if seed == 2:
        # Half of them go on from the other half.
        tasks, others = staged(tasks), staged(others)
    run_tasks(others, calm, slots, trainer, poll=POLL)

    def go():
        run_tasks(tasks, root, slots, trainer, poll=POLL)

    kills = 0
    while not all(map(is_done, tasks)) and kills < 60:
        pid = fork(go)
        time.sleep(rng.uniform(0.02, 0.25))
        os.kill(pid, signal.SIGKILL)
        wait(pid)
        kills += 1
        # Most times its trainings die too, in the midst of a file.
        if rng.random() < 0.7 and (root / 'events').exists():
            found = events(root)
            ended = {p for p, _ in found.get('done', [])}
            for p, _ in found['begin']:
                if p not in ended:
                    kill_if_alive(p, root)
    assert kills > 2
    assert wait(fork(go)) == 0
    found = events(root)
    assert 'TWICE' not in found
    assert all(map(is_done, tasks))
    # Whoever is killed right after its end does not tell it.
    assert set(names(found['done']).values()) == {1}
    assert texts(make_suite, tasks, root / 'r') == texts(
        make_suite, others, calm / 'r'
    )


def kill_if_alive(pid, root):
    """End a fake training of ours; its number may be someone else's now."""
    try:
        with open(f'/proc/{pid}/cmdline') as stream:
            if str(root) in stream.read():
                os.kill(pid, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        pass


def test_two_harnesses_share_the_runs_of_a_root(
    tmp_path, make_tasks, trainer, slots, events
):
    tasks = make_tasks(tmp_path, seeds=(0, 1, 2))

    def go():
        outcome = run_tasks(tasks, tmp_path, slots, trainer, poll=POLL)
        assert len(outcome.done) == len(tasks)

    pids = [fork(go), fork(go)]
    assert [wait(pid) for pid in pids] == [0, 0]
    found = events(tmp_path)
    assert 'TWICE' not in found
    assert names(found['begin']) == {t.name: 1 for t in tasks}


def test_whoever_waits_for_another_process_says_so_once(
    tmp_path, make_tasks, trainer, slots, monkeypatch, capfd
):
    """Without a terminal, too, where there is no line."""
    tasks = make_tasks(tmp_path, methods=('ce',), seeds=(0,))
    held = [slot.lock(tmp_path) for slot in slots]
    time_sleep, looks = time.sleep, []

    def freed(seconds):
        looks.append(seconds)
        if len(looks) == 5:
            for lock in held:
                lock.release()
        time_sleep(seconds)

    monkeypatch.setattr('shapmix_mm.runs.queue.time.sleep', freed)
    outcome = run_tasks(tasks, tmp_path, slots, trainer, poll=POLL)
    assert outcome.done == tasks
    told = capfd.readouterr().out
    assert told.count('waiting for 1 of another process') == 1


def test_the_line_of_a_terminal_tells_how_far_all_runs_are(
    tmp_path, make_tasks, trainer, slots, monkeypatch
):
    screen = io.StringIO()
    monkeypatch.setattr(
        'shapmix_mm.runs.queue.Console',
        lambda: Console(file=screen, force_terminal=True, width=140),
    )
    monkeypatch.setenv('FAKE_FAILS', 'bad')
    tasks = make_tasks(tmp_path, methods=('ce', 'bad'), seeds=(0, 1))
    run_tasks(tasks, tmp_path, slots, trainer, poll=0.1)
    text = screen.getvalue()
    assert '0 of 4 runs' in text and '2 of 4 runs, 2 failed' in text
    assert re.search(r'tail/ce/0 \d\.\d/\d', text)
    # No pace is known before the first run has gone some way.
    assert 'time left unknown' in text
    assert re.search(r'\d:\d\d:\d\d left', text)


def test_a_lock_ends_with_its_process_and_not_before(tmp_path):
    path = tmp_path / 'folder' / '.lock'
    held = try_lock(path)
    assert held is not None and try_lock(path) is None
    held.release()

    def hold():
        while try_lock(path) is None:
            time.sleep(0.001)
        time.sleep(60)

    pid = fork(hold)
    for _ in range(500):
        lock = try_lock(path)
        if lock is None:
            break
        lock.release()
        time.sleep(0.01)
    assert try_lock(path) is None
    os.kill(pid, signal.SIGKILL)
    wait(pid)
    assert try_lock(path) is not None


def test_an_interrupt_ends_the_trainings(
    tmp_path, make_tasks, slots, monkeypatch
):
    tasks = make_tasks(tmp_path, seeds=(0,))
    script = tmp_path / 'sleeps.py'
    script.write_text(
        'import os, sys, time\n'
        f'open({str(tmp_path)!r} + f"/{{os.getpid()}}.pid", "w").close()\n'
        'time.sleep(100)\n'
    )

    def interrupted(seconds):
        # Every sleep from then on, so that waiting for their end is too.
        time_sleep(seconds)
        if len(list(tmp_path.glob('*.pid'))) == 2:
            raise KeyboardInterrupt

    time_sleep = time.sleep
    monkeypatch.setattr('shapmix_mm.runs.queue.time.sleep', interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_tasks(
            tasks, tmp_path, slots, [sys.executable, str(script)], poll=POLL
        )
    for path in tmp_path.glob('*.pid'):
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.stem), 0)
    assert all(try_lock(task.folder / '.lock') for task in tasks)


def test_runs_of_other_settings_are_refused_before_the_first(
    tmp_path, make_tasks, trainer, slots, events
):
    done = make_tasks(tmp_path, methods=('ce',))
    run_tasks(done, tmp_path, slots, trainer, poll=POLL)
    changed = make_tasks(tmp_path, epochs=5)
    with pytest.raises(RunError, match=r'train_cfg\.max_epochs'):
        run_tasks(changed, tmp_path, slots, trainer, poll=POLL)
    assert len(events(tmp_path)['begin']) == 2
    result = collect(make_tasks(tmp_path, methods=('ce',))).iloc[0]
    assert result.note == '' and result.epoch == 3
    # The record of who started it is part of the run.
    (done[0].folder / 'task.json').unlink()
    with pytest.raises(RunError, match='no suite has started'):
        run_tasks(done, tmp_path, slots, trainer, poll=POLL)
