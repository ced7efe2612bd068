"""One training as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from shapmix_mm.engine import CpuTimerHook

from .locks import Lock
from .plan import Task
from .run_state import epochs_done, resume_arguments, write_settings
from .slots import Slot

__all__ = ['Training', 'stop_all']

_TAIL = 20


class Training:
    """A training that runs.

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
        command = measured([*trainer, *task.arguments()])
        write_settings(task, command)
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

    def seconds_per_epoch(self, epochs: float) -> float | None:
        """Wall time of an epoch, so far.

        Args:
            epochs (float): Epochs that the run has done by now.

        Returns:
            float | None: None as long as it cannot be told.
        """
        gained = epochs - self.begun_at
        spent = time.monotonic() - self.begun
        return spent / gained if gained > 0 else None

    def tail(self) -> str:
        """Last lines that this attempt has printed."""
        with open(self.log, 'rb') as stream:
            stream.seek(self._offset)
            text = stream.read().decode(errors='replace')
        return '\n'.join(text.splitlines()[-_TAIL:])

    def release(self) -> None:
        """Free the locks once the process has ended."""
        for lock in self.locks:
            lock.release()

    def signal(self, number: int) -> None:
        """Send a signal to the process and all that it has started."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass


def measured(command: Sequence[str]) -> list[str]:
    """Make a training log its processor time.

    Not by the config: a run is the same whether it is measured or not.

    Args:
        command (Sequence[str]): Command line that trains.

    Returns:
        list[str]: The same with one more override.
    """
    option = f'default_hooks.timer.type={CpuTimerHook.__name__}'
    has = '--cfg-options' in command
    return [*command, *([] if has else ['--cfg-options']), option]


def stop_all(trainings: Sequence[Training], patience: float = 10.0) -> None:
    """End trainings: first politely, then, or at a second Ctrl-C, for sure.

    Args:
        trainings (Sequence[Training]): Trainings.
        patience (float): Seconds until they are killed. Defaults to 10.
    """
    for training in trainings:
        training.signal(signal.SIGTERM)
    end = time.monotonic() + patience
    for training in trainings:
        try:
            training.process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        except KeyboardInterrupt:
            # Whoever asks twice waits no longer.
            end = 0.0
        # Its data workers may be left.
        training.signal(signal.SIGKILL)
        training.process.wait()
        training.release()
