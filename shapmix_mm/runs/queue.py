"""Do all runs of a suite, as many at a time as there are places."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .locks import Lock, try_lock
from .plan import Task
from .progress import ProgressLine
from .run_state import check_settings, is_done
from .slots import Slot
from .training import Training, stop_all

__all__ = ['Outcome', 'run_tasks']

_POLL = 0.2


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
    poll: float = _POLL,
) -> Outcome:
    """Do the runs that are not done.

    Args:
        tasks (Sequence[Task]): Runs.
        root (Path): Folder of all runs.
        slots (Sequence[Slot]): Places to train at.
        trainer (Sequence[str]): Command of the training tool.
        poll (float): Seconds between looks. Defaults to 0.2.

    Returns:
        Outcome: What came of them.

    Raises:
        SuiteError: If a folder holds a run of other settings; nothing is
            started before that is known of all.
        KeyboardInterrupt: After the trainings were ended.
    """
    for task in tasks:
        check_settings(task)
    queue = _Queue(list(tasks), root, slots, trainer)
    with ProgressLine(tasks, len(slots)) as line:
        try:
            while queue.turn(line):
                time.sleep(poll)
        finally:
            stop_all(queue.running)
    return queue.outcome


class _Queue:
    """Runs to do, and those that are being done."""

    def __init__(
        self,
        tasks: list[Task],
        root: Path,
        slots: Sequence[Slot],
        trainer: Sequence[str],
    ) -> None:
        self.waiting, self.root, self.slots = tasks, root, slots
        self.trainer = trainer
        self.running: list[Training] = []
        self.outcome = Outcome()

    def turn(self, line: ProgressLine) -> bool:
        """End what has ended and start what can start.

        Returns:
            bool: Whether anything is left to wait for.
        """
        for training in list(self.running):
            if training.process.poll() is not None:
                self._end(training, line)
        for slot in self.slots:
            if any(training.slot is slot for training in self.running):
                continue
            place = slot.lock(self.root) if self.waiting else None
            if place is not None and not self._start(slot, place, line):
                place.release()
        elsewhere = len(self.waiting) if not self.running else 0
        line.show(self.outcome, self.running, elsewhere)
        return bool(self.waiting or self.running)

    def _start(self, slot: Slot, place: Lock, line: ProgressLine) -> bool:
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
            training = Training(task, slot, (lock, place), self.trainer)
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

    def _end(self, training: Training, line: ProgressLine) -> None:
        self.running.remove(training)
        task, code = training.task, training.process.returncode
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
