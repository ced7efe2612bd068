"""Do all runs of a suite, each once, on this machine or on a cluster."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Union

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from shapmix_mm.engine import CpuTimerHook
from shapmix_mm.serialization import find_whole_checkpoint, whole_file

from .run import RunError, lacks, logged
from .suite import Task

__all__ = [
    'Cluster',
    'Lock',
    'Outcome',
    'Slot',
    'check_settings',
    'epochs_done',
    'find_slots',
    'is_done',
    'resume_arguments',
    'run_tasks',
    'time_left',
    'try_lock',
]

_POLL = 0.2
_TAIL = 20
_RECORD = 'task.json'


# --- what a run's folder tells ---------------------------------------------


def is_done(task: Task) -> bool:
    """Whether the last validation and the last checkpoint are there."""
    log = logged(task.folder)
    return not lacks(task.folder, log, task.plan.max_epochs)


def epochs_done(folder: Path) -> float:
    """Epochs that a run has logged, with the part of the last one.

    Args:
        folder (Path): Work directory.

    Returns:
        float: 0 before the first entry.
    """
    log = logged(folder)
    if log is None:
        return 0.0
    if not log.steps:
        return float(max(log.accuracies['overall'], default=0))
    last = log.steps[-1]
    epoch = last.get('epoch', 1)
    before = [e['step'] for e in log.steps if e.get('epoch', 1) < epoch]
    if not before:
        # How long an epoch is shows only at its end.
        return float(epoch in log.accuracies['overall'])
    length = before[-1] / (epoch - 1)
    return min(epoch - 1 + (last['step'] - before[-1]) / length, epoch)


def resume_arguments(task: Task) -> list[str]:
    """Arguments that make the training tool go on with a run.

    A validation that the last checkpoint lacks is made by the training.
    """
    found = find_whole_checkpoint(task.folder)
    return [] if found is None else ['--resume', found]


def changed_settings(task: Task) -> list[str] | None:
    """Settings that differ from those a run was started with.

    Args:
        task (Task): The run.

    Returns:
        list[str] | None: Dotted keys; None if the run keeps no record.
    """
    try:
        text = (task.folder / _RECORD).read_text(encoding='utf-8')
    except OSError:
        return None
    old: dict[str, Any] = json.loads(text)
    new = task.settings()
    return _differences({key: old.get(key) for key in new}, new)


def _differences(old: Any, new: Any, path: str = '') -> list[str]:
    """Dotted keys in which two plain configs differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            key
            for name in sorted({*old, *new})
            for key in _differences(
                old.get(name), new.get(name), f'{path}.{name}'.strip('.')
            )
        ]
    return [] if old == new else [path]


def check_settings(task: Task) -> None:
    """Refuse to go on with a run of other settings.

    A run that ended before its first step has nothing to go on with, and may
    begin anew with whatever was mended.

    Args:
        task (Task): The run.

    Raises:
        RunError: If the suite or its configs were changed since, or no
            suite started it.
    """
    begun = logged(task.folder) is not None
    if not begun and not any(task.folder.glob('*.pth')):
        return
    changed = changed_settings(task)
    if changed is None:
        raise RunError(
            f'{task.folder} holds a run that no suite has started; delete '
            'it, or give another --root'
        )
    if changed:
        more = f' and {len(changed) - 3} more' if len(changed) > 3 else ''
        raise RunError(
            f'{task.folder} was started with other settings than the suite '
            f'gives now ({", ".join(changed[:3])}{more}); delete it, or give '
            'another --root'
        )


# --- locks and places ------------------------------------------------------


class Lock:
    """A held lock on a file.

    The kernel frees it when the last process that has the descriptor ends,
    however it ends. A training inherits the lock of its run, so that a
    training that outlives a killed harness is not started again beside it;
    this is why no lock of a library does, which hand no descriptor on.

    Args:
        descriptor (int): Open, locked file.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def release(self) -> None:
        """Let go of it; whoever inherited it still holds it."""
        os.close(self.descriptor)


def try_lock(path: Path) -> Lock | None:
    """Take a lock without waiting.

    Args:
        path (Path): File to lock; made if missing, with its folder.

    Returns:
        Lock | None: The lock, or None if somebody holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    # For people who wonder who it is.
    os.ftruncate(descriptor, 0)
    text = f'{socket.gethostname()} {os.getpid()}\n'
    os.pwrite(descriptor, text.encode(), 0)
    return Lock(descriptor)


@dataclass(frozen=True)
class Slot:
    """A GPU, or a share of the CPU.

    Attributes:
        name (str): Such as ``gpu0`` or ``cpu1``.
        environment (dict[str, str]): Variables that hold a process to it.
    """

    name: str
    environment: Mapping[str, str]

    def lock(self, root: Path) -> Lock | None:
        """Take the place, if no training of the same root has it."""
        host = socket.gethostname()
        return try_lock(root / '.slots' / f'{host}-{self.name}')


def find_slots(workers: int | None, runs: int) -> list[Slot]:
    """List the places of this machine.

    Args:
        workers (int, optional): How many; None takes one per GPU, and
            without a GPU one per core, at most one per run.
        runs (int): Number of runs.

    Returns:
        list[Slot]: Places. More workers than GPUs share them in turn; on a
        CPU the cores are shared out evenly.
    """
    cards = _cards()
    if cards:
        turns = [divmod(i, len(cards)) for i in range(workers or len(cards))]
        return [
            Slot(
                f'gpu{cards[card]}' + (f'-{turn}' if turn else ''),
                dict(CUDA_VISIBLE_DEVICES=cards[card]),
            )
            for turn, card in turns
        ]
    cores = _cores()
    count = workers or max(1, min(cores, runs))
    threads = str(max(1, cores // count))
    given = os.environ.get('OMP_NUM_THREADS', threads)
    return [Slot(f'cpu{i}', dict(OMP_NUM_THREADS=given)) for i in range(count)]


def _cards() -> list[str]:
    count = torch.cuda.device_count()
    visible = os.environ.get('CUDA_VISIBLE_DEVICES')
    if visible is None:
        return [str(index) for index in range(count)]
    names = [name.strip() for name in visible.split(',')]
    return [name for name in names if name][:count]


def _cores() -> int:
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# --- one training ----------------------------------------------------------


class Training:
    """A training as a process of its own.

    Args:
        task (Task): The run.
        slot (Slot): Where it runs.
        locks (Sequence[Lock]): Locks on both, which it inherits.
        trainer (Sequence[str]): Command of the training tool.
    """

    def __init__(
        self,
        task: Task,
        slot: Slot,
        locks: Sequence[Lock],
        trainer: Sequence[str],
    ) -> None:
        self.task, self.slot, self.locks = task, slot, locks
        self.begun, self.begun_at = time.monotonic(), epochs_done(task.folder)
        command = _measured([*trainer, *task.arguments()])
        with whole_file(task.folder / _RECORD) as scratch:
            record = dict(command=command, **task.settings())
            scratch.write_text(json.dumps(record, indent=1), encoding='utf-8')
        self.log: Path = task.folder / 'train.log'
        with open(self.log, 'ab') as stream:
            self._offset = stream.tell()
            self.process = subprocess.Popen(
                [*command, *resume_arguments(task)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, **slot.environment},
                pass_fds=[lock.descriptor for lock in locks],
                # Ctrl-C is ours to pass on, to all that it has started.
                start_new_session=True,
            )

    def ended(self) -> int | None:
        """Exit status; None as long as it runs."""
        return self.process.poll()

    def tail(self) -> str:
        """Last lines that this attempt has printed."""
        with open(self.log, 'rb') as stream:
            stream.seek(self._offset)
            text = stream.read().decode(errors='replace')
        return '\n'.join(text.splitlines()[-_TAIL:])

    def stop(self, how: int) -> None:
        """Send a signal to the process and all that it has started."""
        try:
            os.killpg(self.process.pid, how)
        except ProcessLookupError:
            pass

    def wait(self, seconds: float | None = None) -> None:
        """Wait for its end."""
        self.process.wait(seconds)

    def release(self) -> None:
        """Free the locks once the process has ended."""
        for lock in self.locks:
            lock.release()


def _measured(command: Sequence[str]) -> list[str]:
    """Make a training log its processor time.

    Not by the config: a run is the same whether it is measured or not.
    """
    option = f'default_hooks.timer.type={CpuTimerHook.__name__}'
    has = '--cfg-options' in command
    return [*command, *([] if has else ['--cfg-options']), option]


class Cluster:
    """Sends trainings to a cluster through submitit.

    Args:
        root (Path): Folder of all runs, which the nodes share.
        kind (str): Cluster of submitit: ``slurm``, or ``local`` for processes
            of this machine.
        parameters (Mapping): What a job asks for, such as ``timeout_min`` or
            ``slurm_partition``.

    Raises:
        RunError: If submitit is not installed, or the cluster not there.
    """

    def __init__(
        self, root: Path, kind: str, parameters: Mapping[str, Any]
    ) -> None:
        # As it configures logging, submitit closes all handlers of a process.
        os.environ.setdefault('SUBMITIT_LOG_LEVEL', 'NOCONFIG')
        try:
            import submitit
        except ImportError as error:
            raise RunError(
                '--cluster needs submitit, which is not installed: '
                "pip install 'shapmix_mm[cluster]'"
            ) from error
        try:
            self.executor = submitit.AutoExecutor(root / '.jobs', cluster=kind)
            self.executor.update_parameters(**parameters)
        except (RuntimeError, NameError, TypeError, ValueError) as error:
            what = ' '.join(str(error).split())
            raise RunError(f'--cluster {kind}: {what}') from error

    def start(
        self,
        task: Task,
        slot: Slot,
        locks: Sequence[Lock],
        trainer: Sequence[str],
    ) -> Job:
        """Send a training; the job takes the lock of its run itself."""
        for lock in locks:
            lock.release()
        job = self.executor.submit(_train_there, task, slot, list(trainer))
        return Job(task, slot, job)


class Job:
    """A training that a cluster does.

    Args:
        task (Task): The run.
        slot (Slot): Number among the jobs at a time.
        job (submitit.Job): The job.
    """

    def __init__(self, task: Task, slot: Slot, job: Any) -> None:
        self.task, self.slot, self.job = task, slot, job
        self.begun, self.begun_at = time.monotonic(), epochs_done(task.folder)
        self.log = Path(job.paths.stderr)

    def ended(self) -> int | None:
        """Exit status; None as long as it runs."""
        if not self.job.done():
            return None
        return 1 if self.job.exception() is not None else self.job.result()

    def tail(self) -> str:
        """Last lines of the training, else of the job."""
        own = self.task.folder / 'train.log'
        for path in (own, self.log):
            if path.is_file() and path.stat().st_size:
                lines = path.read_text(errors='replace').splitlines()
                return '\n'.join(lines[-_TAIL:])
        return ''

    def stop(self, how: int) -> None:
        """Cancel it."""
        self.job.cancel()

    def wait(self, seconds: float | None = None) -> None:
        """A cancelled job is the cluster's to end."""

    def release(self) -> None:
        """Free nothing: the job holds its locks."""


Running = Union[Training, Job]


def _train_there(task: Task, slot: Slot, trainer: list[str]) -> int:
    """Train on a node, after whoever else does, and unless it is done."""
    while (lock := try_lock(task.folder / '.lock')) is None:
        time.sleep(_POLL)
    if is_done(task):
        return 0
    training = Training(task, slot, (lock,), trainer)
    try:
        training.wait()
    finally:
        training.stop(signal.SIGTERM)
    return training.process.returncode


def _stop_all(trainings: Sequence[Running], patience: float = 10.0) -> None:
    """End trainings: first politely, then, or at a second Ctrl-C, for sure."""
    for training in trainings:
        training.stop(signal.SIGTERM)
    end = time.monotonic() + patience
    for training in trainings:
        try:
            training.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        except KeyboardInterrupt:
            # Whoever asks twice waits no longer.
            end = 0.0
        # Its data workers may be left.
        training.stop(signal.SIGKILL)
        training.wait()
        training.release()


# --- all of them -----------------------------------------------------------


@dataclass
class Outcome:
    """What came of the runs.

    Attributes:
        done (list[Task]): Runs with a result, whoever did them.
        failed (dict[str, str]): End of what each failed run printed, by the
            run's name.
    """

    done: list[Task] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def run_tasks(
    tasks: Sequence[Task],
    root: Path,
    slots: Sequence[Slot],
    trainer: Sequence[str],
    *,
    cluster: Cluster | None = None,
    poll: float = _POLL,
) -> Outcome:
    """Do the runs that are not done.

    Args:
        tasks (Sequence[Task]): Runs.
        root (Path): Folder of all runs.
        slots (Sequence[Slot]): Places to train at.
        trainer (Sequence[str]): Command of the training tool.
        cluster (Cluster, optional): Where the trainings are sent; a place is
            one of the jobs at a time then. Defaults to None: this machine.
        poll (float): Seconds between looks. Defaults to 0.2.

    Returns:
        Outcome: What came of them.

    Raises:
        RunError: If a folder holds a run of other settings; nothing is
            started before that is known of all.
        KeyboardInterrupt: After the trainings were ended.
    """
    for task in tasks:
        check_settings(task)
    queue = _Queue(list(tasks), root, slots, trainer, cluster)
    with _ProgressLine(tasks, len(slots)) as line:
        try:
            while queue.turn(line):
                time.sleep(poll)
        finally:
            _stop_all(queue.running)
    return queue.outcome


class _Queue:
    """Runs to do, and those that are being done."""

    def __init__(
        self,
        tasks: list[Task],
        root: Path,
        slots: Sequence[Slot],
        trainer: Sequence[str],
        cluster: Cluster | None,
    ) -> None:
        self.waiting, self.root, self.slots = tasks, root, slots
        self.trainer = trainer
        self.start: Any = Training if cluster is None else cluster.start
        self.running: list[Running] = []
        self.outcome = Outcome()

    def turn(self, line: _ProgressLine) -> bool:
        """End what has ended and start what can start.

        Returns:
            bool: Whether anything is left to wait for.
        """
        for training in list(self.running):
            code = training.ended()
            if code is not None:
                self._end(training, code, line)
        for slot in self.slots:
            if any(training.slot is slot for training in self.running):
                continue
            place = slot.lock(self.root) if self.waiting else None
            if place is not None and not self._start(slot, place, line):
                place.release()
        elsewhere = len(self.waiting) if not self.running else 0
        line.show(self.outcome, self.running, elsewhere)
        return bool(self.waiting or self.running)

    def _start(self, slot: Slot, place: Lock, line: _ProgressLine) -> bool:
        """Start the first run that nobody else is doing or has done."""
        for task in list(self.waiting):
            if task.first is not None and not self._is_ready(task):
                continue
            lock = try_lock(task.folder / '.lock')
            if lock is None:
                continue
            self.waiting.remove(task)
            # Only now can nobody finish it between the look and the start.
            if is_done(task):
                lock.release()
                self.outcome.done.append(task)
                continue
            training = self.start(task, slot, (lock, place), self.trainer)
            self.running.append(training)
            line.say(f'started {task.name} on {slot.name}')
            return True
        return False

    def _is_ready(self, task: Task) -> bool:
        """Whether the first stage is done; if it failed, so has the task."""
        first = task.first.name if task.first else ''
        if first in self.outcome.failed:
            self.waiting.remove(task)
            self.outcome.failed[task.name] = f'its first stage {first} failed'
        return any(first == done.name for done in self.outcome.done)

    def _end(self, training: Running, code: int, line: _ProgressLine) -> None:
        self.running.remove(training)
        task = training.task
        if code == 0 and is_done(task):
            self.outcome.done.append(task)
            line.say(f'finished {task.name}')
        else:
            what = f'exit status {code}'
            if code == 0:
                what = 'it ended without its last validation and checkpoint'
            self.outcome.failed[task.name] = (
                f'{what}; the end of {training.log}:\n{training.tail()}'
            )
            line.say(f'failed {task.name}: {what}')
        line.learn(training)
        training.release()


def time_left(
    remaining: Mapping[str, float], pace: Mapping[str, float], workers: int
) -> float | None:
    """Estimate how long the runs will take.

    Args:
        remaining (Mapping[str, float]): Epochs that are left, by method.
        pace (Mapping[str, float]): Seconds per epoch, by method; where one is
            not known yet, the mean of the others stands for it.
        workers (int): Runs at a time.

    Returns:
        float | None: Seconds; None as long as no pace is known.
    """
    if not pace:
        return None
    usual = sum(pace.values()) / len(pace)
    total = sum(n * pace.get(method, usual) for method, n in remaining.items())
    return total / workers


class _ProgressLine:
    """One line on a terminal; plain messages anywhere else.

    Args:
        tasks (Sequence[Task]): All runs.
        workers (int): Runs at a time.
    """

    def __init__(self, tasks: Sequence[Task], workers: int) -> None:
        self.tasks, self.workers = tasks, workers
        self.pace: dict[str, float] = {}
        self.waited = False
        self.console = Console()
        # What does not fit of the names is cut.
        rest = Column(ratio=1, no_wrap=True, overflow='ellipsis')
        self.progress = Progress(
            TextColumn('{task.description}', table_column=_narrow()),
            BarColumn(bar_width=16),
            TextColumn('{task.fields[left]}', table_column=_narrow()),
            TimeElapsedColumn(table_column=_narrow()),
            TextColumn('{task.fields[running]}', table_column=rest),
            expand=True,
            console=self.console,
            disable=not self.console.is_terminal,
            transient=True,
        )

    def __enter__(self) -> _ProgressLine:
        """Look at what there is, and begin to show it."""
        self.epochs = {
            task.name: self._reached(task, is_done(task))
            for task in self.tasks
        }
        total = sum(task.plan.max_epochs for task in self.tasks)
        self.bar = self.progress.add_task('', total=total, left='', running='')
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the line away."""
        self.progress.stop()

    def say(self, text: str) -> None:
        """Print a message above the line."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def learn(self, training: Running) -> None:
        """Take the pace of a training, and how far it is."""
        task = training.task
        epochs = self.epochs[task.name] = self._reached(task, False)
        gained = epochs - training.begun_at
        if gained > 0:
            spent = time.monotonic() - training.begun
            self.pace[_kind(task)] = spent / gained

    def show(
        self, outcome: Outcome, running: Sequence[Running], elsewhere: int
    ) -> None:
        """Bring the line up to date.

        Args:
            outcome (Outcome): What came of the runs so far.
            running (Sequence[Running]): Those that run.
            elsewhere (int): Runs that only other processes keep from being
                started.
        """
        waits = f'waiting for {elsewhere} of another process'
        if self.progress.disable:
            if elsewhere and not self.waited:
                self.waited = True
                self.say(f'{waits}, which has them or all places')
            return
        for training in running:
            self.learn(training)
        for task in outcome.done:
            self.epochs[task.name] = task.plan.max_epochs
        text = f'{len(outcome.done)} of {len(self.tasks)} runs'
        if outcome.failed:
            text += f', {len(outcome.failed)} failed'
        if elsewhere:
            text += f', {waits}'
        names = [
            f'{t.task.name} {self.epochs[t.task.name]:.1f}/'
            f'{t.task.plan.max_epochs}'
            for t in running
        ]
        self.progress.update(
            self.bar,
            description=text,
            running=' · '.join(names),
            completed=sum(self.epochs.values()),
            left=self._left(outcome),
        )

    def _left(self, outcome: Outcome) -> str:
        remaining: dict[str, float] = {}
        for task in self.tasks:
            if task.name not in outcome.failed:
                left = task.plan.max_epochs - self.epochs[task.name]
                kind = _kind(task)
                remaining[kind] = remaining.get(kind, 0.0) + left
        seconds = time_left(remaining, self.pace, self.workers)
        if seconds is None:
            return 'time left unknown'
        return f'{timedelta(seconds=round(seconds))} left'

    def _reached(self, task: Task, done: bool) -> float:
        return task.plan.max_epochs if done else epochs_done(task.folder)


def _narrow() -> Column:
    return Column(no_wrap=True)


def _kind(task: Task) -> str:
    return f'{task.plan.setting}/{task.plan.method.name}'
