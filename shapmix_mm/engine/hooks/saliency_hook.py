"""Learn during training which body parts tell each class."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmaction.registry import HOOKS
from mmengine import dist
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper
from mmengine.runner import Runner
from mmengine.runner.amp import autocast
from torch import Tensor

from shapmix_mm.models import ShapMixBlending
from shapmix_mm.shapley import draw_marginal

from ..coalition_scores import coalition_scores
from ..mean_pose import mean_pose
from .unwrapping import bare_model
from .warmup import warmup_iters

__all__ = ['SaliencyHook']


@HOOKS.register_module()
class SaliencyHook(Hook):
    r"""Online estimate of the Shapley saliency (Shap-Mix paper, Sec. 3.3).

    After a training step it draws one combination b and one coalition r,
    the same on all ranks, scores the raw batch with the parts of r and of
    r ∪ b, and moves the table of the blend by one EMA step per class, with
    the mean marginal contribution of the class's samples on all ranks. The
    scoring leaves batch, random state, batch-norm statistics and training
    mode as they were. The draws depend on seed and iteration alone, so that
    a resumed run goes on with the draws it would have made.

    Args:
        interval (int): Training steps between estimates. Defaults to 1.
        momentum (float): Share of the old value in the EMA. Defaults to 0.9.
        warmup_epochs (float): Passes over the training data before the
            table guides the mixing; RepeatDataset's repeats count as passes.
            Defaults to 5.
        clamp (bool): Whether negative contributions count as zero, as in the
            released code. Defaults to False, as in the paper.
        seed (int, optional): Seed of the draws. Defaults to None: the
            runner's seed.
    """

    def __init__(
        self,
        interval: int = 1,
        momentum: float = 0.9,
        warmup_epochs: float = 5,
        clamp: bool = False,
        seed: int | None = None,
    ) -> None:
        if not isinstance(interval, int) or interval < 1:
            raise ValueError(
                f'interval must be a positive integer, got {interval!r}'
            )
        if not 0 <= momentum < 1:
            raise ValueError(f'momentum must lie in [0, 1), got {momentum}')
        if warmup_epochs < 0:
            raise ValueError(
                f'warmup_epochs must not be negative, got {warmup_epochs}'
            )
        self.interval = interval
        self.momentum = momentum
        self.warmup_epochs = warmup_epochs
        self.clamp = clamp
        self.seed = seed

    def before_train(self, runner: Runner) -> None:
        """Check the set-up and measure the mean pose.

        Args:
            runner (Runner): The runner, its checkpoint loaded.

        Raises:
            ValueError: If there is no Shap-Mix blend whose state would be
                saved, no class counts, the warm-up outlasts the training, or
                the training set does not fit the layout.
        """
        self.model: Any = bare_model(runner)
        self.blend = self._find_blend()
        self.warmup_iters = warmup_iters(runner, self.warmup_epochs)
        device = self.blend.guided.device
        seed = torch.tensor(
            runner.seed if self.seed is None else self.seed, device=device
        )
        dist.broadcast(seed)
        self._seed = int(seed)
        if not runner._resume:
            # Weights to start from may bring the state of another dataset.
            self.blend.saliency.reset()
        if not runner._resume or self.blend.mean_pose.numel() == 0:
            loader = runner.train_dataloader
            self.blend.mean_pose = mean_pose(
                loader.dataset,
                batch_size=loader.batch_size,
                num_workers=loader.num_workers,
                device=device,
            ).to(device)
        self.blend.layout.check_joints(
            self.blend.mean_pose.size(1), 'the training set'
        )

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Let the table guide the mixing once the warm-up is over.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (dict): The batch.
        """
        self.blend.guided.fill_(float(runner.iter >= self.warmup_iters))

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Estimate marginal contributions and update the table.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (dict): The batch as the loader gave it.
            outputs (dict): Losses of the step.
        """
        if runner.iter % self.interval:
            return
        draw = draw_marginal(
            self.blend.layout.num_parts,
            self.blend.sizes,
            generator=self._generator(runner.iter),
        )
        coalitions = (draw.coalition | draw.block, draw.coalition)
        data = self.model.data_preprocessor(data_batch, False)
        label = torch.cat([s.gt_label for s in data['data_samples']])
        label = label.to(data['inputs'].device)
        wrapper = runner.optim_wrapper
        amp = isinstance(wrapper, AmpOptimWrapper)
        with autocast(enabled=amp, dtype=wrapper.cast_dtype if amp else None):
            scores = coalition_scores(
                self.model,
                data['inputs'],
                label,
                self.blend.mean_pose,
                coalitions,
                self.blend.layout,
            )
        self._step(label, scores[0] - scores[1], draw.index)

    def _step(self, label: Tensor, contribution: Tensor, column: int) -> None:
        if self.clamp:
            contribution = contribution.clamp(min=0)
        # One float64 tensor of 2K numbers is all that the ranks exchange.
        sums = torch.zeros(
            2, self.blend.num_classes, dtype=torch.float64, device=label.device
        )
        sums[0].index_add_(0, label, contribution.double())
        sums[1].index_add_(0, label, torch.ones_like(sums[0][label]))
        dist.all_reduce(sums)
        totals, counts = sums.float().unsqueeze(-1)
        self.blend.saliency.update(
            totals, counts, momentum=self.momentum, columns=[column]
        )

    def _generator(self, iteration: int) -> torch.Generator:
        state = np.random.SeedSequence([self._seed, iteration])
        seed = int(state.generate_state(1, np.uint64)[0] >> np.uint64(1))
        return torch.Generator().manual_seed(seed)

    def _find_blend(self) -> ShapMixBlending:
        blend = getattr(self.model.data_preprocessor, 'blending', None)
        if not isinstance(blend, ShapMixBlending):
            raise ValueError(
                'SaliencyHook needs a ShapMixBlending as '
                'model.data_preprocessor.blending itself (nested in another '
                'blend, its table would be missing from checkpoints); found '
                f'{type(blend).__name__}'
            )
        if blend.class_counts.numel() == 0:
            raise ValueError(
                'ShapMixBlending has no class counts; add '
                "dict(type='ClassCountsHook') to custom_hooks"
            )
        return blend
