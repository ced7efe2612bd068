"""Measure which classes a trained model takes for which."""

from __future__ import annotations

from typing import Any

import torch
from mmaction.registry import HOOKS
from mmengine import dist
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from shapmix_mm.arguments import PositiveInt

from ...config.data import build_split
from ...config.launch import bare_model, num_classes_of

__all__ = ['ConfusionHook']


@HOOKS.register_module()
class ConfusionHook(Hook):
    """Mean probabilities by true class, over the training data.

    Before the first step the model scores the training samples without
    augmentation, in evaluation mode. The head keeps the matrix, in the
    checkpoint, and the sampler receives it; a resumed run takes that of its
    checkpoint. The samples are shared out over the ranks.

    Args:
        batch_size (int): Samples that are scored at once. Defaults to 64.
    """

    def __init__(self, batch_size: PositiveInt = 64) -> None:
        self.batch_size = batch_size

    def before_train(self, runner: Runner) -> None:
        """Measure, or take what the checkpoint brings.

        Args:
            runner (Runner): The runner, its checkpoint loaded.

        Raises:
            ValueError: If neither head nor sampler asks for it.
        """
        head: Any = bare_model(runner).cls_head
        sampler = runner.train_dataloader.sampler
        if not (
            hasattr(sampler, 'set_confusion')
            and getattr(head, 'needs_confusion', False)
        ):
            raise ValueError(
                'ConfusionHook measures for a CompositionSampler and a '
                f'FeatureCompositionHead, got {type(sampler).__name__} and '
                f'{type(head).__name__}'
            )
        if not (runner._resume and head.confusion.numel()):
            head.confusion = self._measure(runner)
        sampler.set_confusion(head.confusion.cpu().numpy())

    @torch.no_grad()
    def _measure(self, runner: Runner) -> Tensor:
        model: Any = bare_model(runner)
        data = build_split(runner.cfg, 'train')
        num = num_classes_of(model)
        sums = torch.zeros(num, num + 1, dtype=torch.float64)
        ranks, rank = dist.get_world_size(), dist.get_rank()
        training = model.training
        model.eval()
        mine = range(rank, len(data), ranks)
        for first in range(0, len(mine), self.batch_size):
            rows = mine[first : first + self.batch_size]
            batch = pseudo_collate([data[i] for i in rows])
            for sample in model.test_step(batch):
                row = sums[int(sample.gt_label)]
                row[:num] += sample.pred_score.double().cpu()
                row[num] += 1
        model.train(training)
        device = next(model.parameters()).device
        sums = sums.to(device)
        dist.all_reduce(sums)
        return (sums[:, :num] / sums[:, num:].clamp(min=1)).float()
