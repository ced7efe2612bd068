"""Training accuracy while a blend makes all labels soft."""

from __future__ import annotations

from typing import Any

import torch
from mmaction.registry import HOOKS
from mmengine.hooks import Hook, LoggerHook
from mmengine.runner import Runner
from torch import Tensor, nn

from ...config.launch import bare_model

__all__ = ['TrainAccuracyHook']


@HOOKS.register_module()
class TrainAccuracyHook(Hook):
    """Log top-1 accuracy on the unmixed half of each training batch.

    MMAction2's heads drop the training accuracy when labels are soft. This
    hook reads the logits that the head has computed anyway for the originals
    in front of the mixed samples. It logs nothing under a blend that drops
    the originals, nor of samples with soft or several labels, nor of an
    ``ExpertGCNHead``, which has logits by expert. A GPU is waited for once
    per log, not per step.
    """

    def __init__(self) -> None:
        self._logits: Tensor | None = None
        self._pending: list[Tensor] = []
        self._interval = 1

    def before_train(self, runner: Runner) -> None:
        """Watch the head.

        Args:
            runner (Runner): The runner.
        """
        model: Any = bare_model(runner)
        blend = getattr(model.data_preprocessor, 'blending', None)
        if getattr(blend, 'keep_originals', False):
            self._handle = model.cls_head.register_forward_hook(self._keep)
        loggers = [h for h in runner.hooks if isinstance(h, LoggerHook)]
        self._interval = min([hook.interval for hook in loggers] or [1])

    def _keep(self, module: nn.Module, args: Any, output: Tensor) -> None:
        if module.training:
            self._logits = output.detach()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Log the accuracy of this step's originals as ``train/top1_acc``.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (dict): The batch before blending.
            outputs (dict): Losses of the step.
        """
        logits, self._logits = self._logits, None
        labels = [s.gt_label for s in data_batch['data_samples']]
        if logits is None or labels[0].numel() > 1:
            return
        label = torch.cat(labels)
        predicted = logits[: len(label)].argmax(1)
        hits = predicted == label.to(predicted.device)
        self._pending.append(hits.float().mean())
        if self.every_n_inner_iters(
            batch_idx, self._interval
        ) or self.end_of_epoch(runner.train_dataloader, batch_idx):
            self._hand_over(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Hand over what the log of a resumed run begins with.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): What will be saved, changed in place.
        """
        if self._pending:
            self._hand_over(runner)
            # MMEngine has copied the message hub before.
            hub, key = checkpoint['message_hub'], 'train/top1_acc'
            hub['log_scalars'][key] = runner.message_hub.get_scalar(key)
            hub['resumed_keys'][key] = True

    def _hand_over(self, runner: Runner) -> None:
        """Give the message hub each step's value, by one copy for all."""
        if self._pending:
            for value in torch.stack(self._pending).tolist():
                runner.message_hub.update_scalar('train/top1_acc', value)
            self._pending.clear()
