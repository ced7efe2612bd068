"""Learn during training which body parts tell each class."""

from __future__ import annotations

from typing import Any, Literal

import torch
from mmaction.registry import HOOKS
from mmengine import dist
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper
from mmengine.runner import Runner
from mmengine.runner.amp import autocast
from pydantic import Field
from torch import Tensor
from typing_extensions import Annotated

from ...arguments import NonNegative, NonNegativeInt, PositiveInt
from ...config.launch import bare_model
from ...datasets.samplers.progressive_sampler import iters_per_pass
from ...models import ShapMixBlending
from ...saliency.guidance import (
    Average,
    Guidance,
    Observation,
    SampledBatch,
    choose_share,
    observer,
    shared_generator,
    update_table,
)
from ...saliency.mean_pose import mean_pose

__all__ = ['SaliencyHook']


@HOOKS.register_module()
class SaliencyHook(Hook):
    r"""Online estimate of the Shapley saliency (Shap-Mix paper, Sec. 3.3).

    It sees what the blend is given in each step, by PyTorch's forward
    pre-hook, and after the step scores that raw batch, which is on the
    device already, with only some parts moving, as the estimator plans it.
    It moves the table of the blend with the mean marginal contributions of
    each class's samples on all ranks. The scoring leaves batch, random
    state, batch-norm statistics and training mode as they were. The draws
    depend on seed and iteration alone, so that a resumed run goes on with
    the draws it would have made. The log shows ``saliency_passes``: clips
    scored per training step, in batches.

    Args:
        estimator (str): ``'marginal'``, one combination and one coalition
            for all samples, as in the paper; ``'marginal_per_sample'``, one
            of each for every sample; ``'permutation'``, the prefixes of a
            random order of the parts for every sample; ``'gradcam'``, the
            rival of the paper's Table 8; ``'random'``, guidance by no
            saliency at all. Defaults to 'marginal'.
        interval (int): Training steps between estimates. Defaults to 1.
        share (float): Share of the batch that an estimate looks at, rare
            classes first. Defaults to 1.0.
        average (str): ``'ema'``, the paper's, one step per update;
            ``'recent'``, the mean of the more recent half of all
            contributions; ``'ema_per_sample'``, a step towards the class's
            mean for each of its samples, as the released code makes one step
            per sample. Defaults to 'ema'.
        momentum (float): Share of the old value in the EMA. Defaults to 0.9.
        warmup_epochs (float): Passes over the training data before the
            table guides the mixing; RepeatDataset's repeats count as passes.
            Defaults to 5.
        warmup_rule (str): ``'average'``, or ``'overwrite'`` as in the
            released code: for ``overwrite_epochs``, contributions are to the
            empty coalition, and the last value replaces the one before.
            Defaults to 'average', as in the paper.
        overwrite_epochs (float, optional): Passes over the data for which
            values are overwritten. The released code guides after five and
            still overwrites in the sixth. Defaults to None: as long as the
            warm-up.
        clamp (bool): Whether negative contributions count as zero, as in the
            released code. Defaults to False, as in the paper.
        seed (int, optional): Seed of the draws. Defaults to None: the
            runner's seed.
    """

    def __init__(
        self,
        estimator: Guidance = 'marginal',
        *,
        interval: PositiveInt = 1,
        share: Annotated[float, Field(gt=0, le=1)] = 1.0,
        average: Average = 'ema',
        momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9,
        warmup_epochs: NonNegative = 5,
        warmup_rule: Literal['average', 'overwrite'] = 'average',
        overwrite_epochs: NonNegative | None = None,
        clamp: bool = False,
        seed: NonNegativeInt | None = None,
    ) -> None:
        self.estimator = estimator
        self.interval = interval
        self.share = share
        self.average = average
        self.momentum = momentum
        self.warmup_epochs = warmup_epochs
        self.warmup_rule = warmup_rule
        self.overwrite_epochs = (
            warmup_epochs if overwrite_epochs is None else overwrite_epochs
        )
        self.clamp = clamp
        self.seed = seed
        self.overwrite_iters = 0
        self._raw: Tensor | None = None
        self._left_out: Tensor | int = 0

    def before_train(self, runner: Runner) -> None:
        """Check the set-up and measure the mean pose.

        Args:
            runner (Runner): The runner, its checkpoint loaded.

        Raises:
            ValueError: If there is no Shap-Mix blend whose state would be
                saved, a table to resume with is of other body parts, there
                are no class counts, the warm-up outlasts the training, or
                the training set does not fit the layout.
        """
        self.attach(runner)
        if runner._resume and self.blend.misfit:
            raise ValueError(f'cannot resume: {self.blend.misfit}')
        self.table = self.blend.saliency
        self.warmup_iters = self._count_warmup(runner)
        device = self.blend.guided.device
        if not runner._resume:
            # Weights to start from may bring the state of another dataset.
            self.table.reset()
        elif classes := self.table.forget_nonfinite():
            runner.logger.warning(
                'the saliency table of the checkpoint is not finite for class '
                f'{", ".join(map(str, classes))}; such entries begin anew'
            )
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
        self._watch = self.blend.register_forward_pre_hook(self._see)

    def _see(self, blend: ShapMixBlending, args: tuple[Any, ...]) -> None:
        """Keep what the blend is given, to score it after the step."""
        self._raw = args[0].float()

    def attach(self, runner: Runner) -> None:
        """Find model and blend, and agree on a seed.

        Args:
            runner (Runner): The runner.
        """
        self.model: Any = bare_model(runner)
        self.blend = _find_blend(self.model)
        self._observe = observer(self.blend, self.estimator)
        self._scored = 0
        seed = torch.tensor(
            runner.seed if self.seed is None else self.seed,
            device=self.blend.guided.device,
        )
        dist.broadcast(seed)
        self._seed = int(seed)

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
        passes = 0.0
        if self._observe is not None and runner.iter % self.interval == 0:
            passes = self.estimate(runner, data_batch)
        # Nothing is to hold the batch until the next step.
        self._raw = None
        runner.message_hub.update_scalar('train/saliency_passes', passes)

    def after_train_epoch(self, runner: Runner) -> None:
        """Say how many contributions of the epoch were not finite.

        Args:
            runner (Runner): The runner.
        """
        device = self.blend.guided.device
        left_out = torch.as_tensor(self._left_out, device=device)
        dist.all_reduce(left_out)
        self._left_out = 0
        if left_out:
            runner.logger.warning(
                f'saliency: {int(left_out)} contributions of this epoch were '
                'not finite and are left out'
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Name the body parts whose numbers the saliency table has.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): What is saved.
        """
        layout = self.blend.layout
        checkpoint['meta']['body_parts'] = {
            name: list(joints)
            for name, joints in zip(layout.part_names, layout.parts)
        }

    def after_train(self, runner: Runner) -> None:
        """Let go of the blend; say what was scored and what it has come to.

        Args:
            runner (Runner): The runner.
        """
        self._watch.remove()
        runner.logger.info(
            f"saliency by '{self.estimator}': {self._scored} clips scored by "
            'this process in this run; a class draws from '
            f'{float(self.blend.choices().mean()):.1f} of '
            f'{self.table.values.size(1)} combinations (exponential of the '
            'entropy, mean over classes)'
        )

    def estimate(self, runner: Runner, data_batch: Any) -> float:
        """Update the table from a batch.

        Args:
            runner (Runner): The runner.
            data_batch (dict): The batch as the loader gave it.

        Returns:
            float: Clips scored by this rank over the size of its batch.
        """
        generator = shared_generator(self._seed, runner.iter)
        labels = [s.gt_label for s in data_batch['data_samples']]
        label = torch.cat(labels).cpu()
        own, places, total = choose_share(
            label,
            self.blend.class_counts,
            share=self.share,
            generator=generator,
        )
        if not len(own):
            self._update(runner, label[own], None)
            return 0.0
        clips = self._clips(data_batch)
        if len(own) < len(clips):
            clips = clips[own.to(clips.device, non_blocking=True)]
        on_device = label[own].to(clips.device, non_blocking=True)
        batch = SampledBatch(
            clips, on_device, places, total, self._overwrites(runner)
        )
        observation = self._observed(runner, batch, generator)
        self._scored += observation.scored
        self._update(runner, batch.label, observation)
        return observation.scored / len(label)

    def _count_warmup(self, runner: Runner) -> int:
        """Iterations until the table guides; an epoch may be passes."""
        total = runner.max_iters
        steps = iters_per_pass(runner.train_dataloader)
        iters = round(self.warmup_epochs * steps)
        self.overwrite_iters = (
            round(self.overwrite_epochs * steps)
            if self.warmup_rule == 'overwrite'
            else 0
        )
        if iters >= total > 0 and self.warmup_epochs:
            raise ValueError(
                f'warmup_epochs={self.warmup_epochs} of SaliencyHook are '
                f'{iters} iterations, and the training has only {total}; '
                'shorten the warm-up'
            )
        return iters

    def _clips(self, data_batch: Any) -> Tensor:
        """The batch as it was before it was mixed, on the device."""
        clips, self._raw = self._raw, None
        if clips is None:  # no training step has just mixed this batch
            clips = self.model.data_preprocessor(data_batch, False)['inputs']
        return clips

    def _observed(
        self, runner: Runner, batch: SampledBatch, generator: torch.Generator
    ) -> Observation:
        assert self._observe is not None
        wrapper = runner.optim_wrapper
        amp = isinstance(wrapper, AmpOptimWrapper)
        with autocast(enabled=amp, dtype=wrapper.cast_dtype if amp else None):
            return self._observe(self.model, batch, generator)

    def _overwrites(self, runner: Runner) -> bool:
        return runner.iter < self.overwrite_iters

    def _update(
        self, runner: Runner, label: Tensor, observation: Observation | None
    ) -> None:
        overwrites = self._overwrites(runner)
        if observation is not None:
            self._left_out += (~observation.values.isfinite()).sum()
        update_table(
            self.table,
            label,
            observation,
            average='ema' if overwrites else self.average,
            momentum=0.0 if overwrites else self.momentum,
            clamp=self.clamp,
        )


def _find_blend(model: Any) -> ShapMixBlending:
    """Blend of a model whose state will be saved and who has its counts."""
    blend = getattr(model.data_preprocessor, 'blending', None)
    if not isinstance(blend, ShapMixBlending):
        raise ValueError(
            'SaliencyHook needs a ShapMixBlending as '
            'model.data_preprocessor.blending itself (nested in another '
            'blend, its table would be missing from checkpoints); found '
            f'{type(blend).__name__}'
        )
    blend.known_counts()
    return blend
