"""A live line about the runs of a suite, with the time that is left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from .plan import Task
from .run_state import epochs_done, is_done
from .training import Training

if TYPE_CHECKING:
    from .queue import Outcome

__all__ = ['ProgressLine', 'time_left']


def time_left(
    remaining: dict[str, float], pace: dict[str, float], workers: int
) -> float | None:
    """Estimate how long the runs will take.

    Args:
        remaining (dict[str, float]): Epochs that are left, by method.
        pace (dict[str, float]): Seconds per epoch, by method; where one is
            not known yet, the mean of the others stands for it.
        workers (int): Runs at a time.

    Returns:
        float | None: Seconds; None as long as no pace is known.
    """
    if not pace:
        return None
    usual = sum(pace.values()) / len(pace)
    total = sum(
        epochs * pace.get(method, usual)
        for method, epochs in remaining.items()
    )
    return total / workers


class ProgressLine:
    """One line on a terminal; plain messages anywhere else.

    Args:
        tasks (Sequence[Task]): All runs.
        workers (int): Runs at a time.
    """

    def __init__(self, tasks: Sequence[Task], workers: int) -> None:
        self.tasks, self.workers = tasks, workers
        self.pace: dict[str, float] = {}
        self.console = Console()
        self.progress = Progress(
            TextColumn('{task.description}', table_column=_narrow()),
            BarColumn(bar_width=16),
            TextColumn('{task.fields[left]}', table_column=_narrow()),
            TimeElapsedColumn(table_column=_narrow()),
            # What does not fit of the names is cut.
            TextColumn(
                '{task.fields[running]}',
                table_column=Column(
                    ratio=1, no_wrap=True, overflow='ellipsis'
                ),
            ),
            expand=True,
            console=self.console,
            disable=not self.console.is_terminal,
            transient=True,
        )

    def __enter__(self) -> ProgressLine:
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

    def learn(self, training: Training) -> None:
        """Take the pace of a training, and how far it is."""
        task = training.task
        epochs = self.epochs[task.name] = self._reached(task, False)
        pace = training.seconds_per_epoch(epochs)
        if pace is not None:
            self.pace[_kind(task)] = pace

    def show(
        self, outcome: Outcome, running: Sequence[Training], elsewhere: int
    ) -> None:
        """Bring the line up to date.

        Args:
            outcome (Outcome): What came of the runs so far.
            running (Sequence[Training]): Those that run.
            elsewhere (int): Runs that only other processes keep from being
                started.
        """
        if self.progress.disable:
            return
        for training in running:
            self.learn(training)
        for task in outcome.done:
            self.epochs[task.name] = task.plan.max_epochs
        self.progress.update(
            self.bar,
            description=self._text(outcome, elsewhere),
            running=self._running(running),
            completed=sum(self.epochs.values()),
            left=self._left(outcome),
        )

    def _text(self, outcome: Outcome, elsewhere: int) -> str:
        text = f'{len(outcome.done)} of {len(self.tasks)} runs'
        if outcome.failed:
            text += f', {len(outcome.failed)} failed'
        if elsewhere:
            text += f', waiting for {elsewhere} of another process'
        return text

    def _running(self, running: Sequence[Training]) -> str:
        return ' · '.join(
            f'{t.task.name} {self.epochs[t.task.name]:.1f}/'
            f'{t.task.plan.max_epochs}'
            for t in running
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
