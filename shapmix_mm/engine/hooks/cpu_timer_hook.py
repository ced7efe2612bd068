"""Log the processor time of a step beside its wall time."""

from __future__ import annotations

import time
from typing import Any

from mmaction.registry import HOOKS
from mmengine.hooks import IterTimerHook
from mmengine.runner import Runner

__all__ = ['CpuTimerHook']


@HOOKS.register_module()
class CpuTimerHook(IterTimerHook):
    """MMEngine's ``IterTimerHook`` that logs ``cpu_time`` as well.

    That is the time for which the processors worked on an iteration, all
    threads of the process together: unlike wall time it hardly depends on
    what else the machine does. Processes that load data are not counted, nor
    is what a GPU does. It belongs in ``default_hooks.timer``.
    """

    def _before_epoch(self, runner: Runner, mode: str = 'train') -> None:
        super()._before_epoch(runner, mode)
        self._cpu = time.process_time()

    def _after_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
        mode: str = 'train',
    ) -> None:
        super()._after_iter(runner, batch_idx, data_batch, outputs, mode)
        now = time.process_time()
        runner.message_hub.update_scalar(f'{mode}/cpu_time', now - self._cpu)
        self._cpu = now
