"""A training that takes no step."""

from __future__ import annotations

from mmaction.registry import LOOPS
from mmengine.runner import EpochBasedTrainLoop

__all__ = ['SteplessTrainLoop']


@LOOPS.register_module()
class SteplessTrainLoop(EpochBasedTrainLoop):
    """Epochs without batches, for methods that only change a trained model.

    Hooks do the change. As after any epoch the model is saved and validated,
    so that the run can be tested, compared and gone on from like a trained
    one. The training data are not loaded, but counted.
    """

    def run_epoch(self) -> None:
        """Call the hooks of an epoch."""
        self.runner.call_hook('before_train_epoch')
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1
