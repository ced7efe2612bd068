"""A point of the training from which on a loss is another one."""

from __future__ import annotations

from typing import ClassVar

from torch import nn

__all__ = ['SwitchMixin']


class SwitchMixin(nn.Module):
    """A loss that changes once, at a given point of the training.

    ``TrainingProgressHook`` finds it by ``needs_progress`` and tells it
    before each step how far the training is. The point follows from the
    iteration alone, so that nothing has to be saved for a resumed run.
    """

    needs_progress: ClassVar[bool] = True
    needs_hook: ClassVar[str] = 'TrainingProgressHook'

    def init_switch(self, start: float, start_epoch: float | None) -> None:
        """Take over when the loss changes.

        Args:
            start (float): Share of the training, in [0, 1).
            start_epoch (float, optional): Passes over the training data,
                instead of a share.

        Raises:
            ValueError: If one is out of range.
        """
        owner = type(self).__name__
        if not 0 <= start < 1:
            raise ValueError(
                f'start of {owner} is a share of the training in [0, 1), got '
                f'{start}; give passes over the data as start_epoch'
            )
        if start_epoch is not None and start_epoch < 0:
            raise ValueError(
                f'start_epoch of {owner} must not be negative, got '
                f'{start_epoch}'
            )
        self.start = start
        self.start_epoch = start_epoch
        self._late: bool | None = None

    def set_progress(
        self, iteration: int, *, total: int, iters_per_pass: float
    ) -> None:
        """Take over how far the training is.

        Args:
            iteration (int): Index of the step about to be made, from 0.
            total (int): Steps of the whole training.
            iters_per_pass (float): Steps of one pass over the data.

        Raises:
            ValueError: If the change would come after the training.
        """
        if self.start_epoch is None:
            first = round(self.start * total)
        else:
            first = round(self.start_epoch * iters_per_pass)
        if first >= total:
            raise ValueError(
                f'{type(self).__name__} would change at iteration {first}, '
                f'and the training has only {total}; start earlier'
            )
        self._late = iteration >= first

    @property
    def is_late(self) -> bool:
        """Whether the training has reached the point.

        Raises:
            ValueError: If nobody has told.
        """
        if self._late is None:
            raise ValueError(
                f'{type(self).__name__} does not know how far the training '
                "is; add dict(type='TrainingProgressHook') to custom_hooks"
            )
        return self._late
