"""Tell losses how far the training is."""

from __future__ import annotations

from typing import Any

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...config.launch import bare_model
from ...datasets.samplers.progressive_sampler import iters_per_pass

__all__ = ['TrainingProgressHook']


@HOOKS.register_module()
class TrainingProgressHook(Hook):
    """Drives losses that change during the training.

    Every module with a true ``needs_progress`` is told before each step, by
    ``set_progress``, the iteration, the length of the training and that of a
    pass over the data, in which the repeats of a ``RepeatDataset`` count as
    passes. All of it follows from the runner's iteration: a resumed run is
    told what it would have been told without the interruption.
    """

    def before_train(self, runner: Runner) -> None:
        """Find who wants to know, and tell them where the training starts.

        Args:
            runner (Runner): The runner, its checkpoint loaded.

        Raises:
            ValueError: If a loss would change only after the training.
        """
        self._total = runner.max_iters
        self._pass = iters_per_pass(runner.train_dataloader)
        self._listeners: list[Any] = [
            module
            for module in bare_model(runner).modules()
            if getattr(module, 'needs_progress', False)
        ]
        # A run that is already over has no step to come.
        if runner.iter < self._total:
            self._tell(runner.iter)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Tell them where it is.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (dict): The batch.
        """
        self._tell(runner.iter)

    def _tell(self, iteration: int) -> None:
        for module in self._listeners:
            module.set_progress(
                iteration, total=self._total, iters_per_pass=self._pass
            )
