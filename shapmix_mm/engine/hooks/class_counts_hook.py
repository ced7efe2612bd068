"""Hand the training samples per class to whatever needs them."""

from __future__ import annotations

import warnings
from typing import Any, Iterator, Sequence

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import BaseAveragedModel
from mmengine.runner import IterBasedTrainLoop, Runner
from mmengine.runner.base_loop import BaseLoop

from shapmix_mm.datasets import class_counts

from ...config.launch import bare_model, num_classes_of
from ...models.class_counts import LazyBuffersMixin
from ...models.losses import CountedLoss

__all__ = ['ClassCountsHook']


@HOOKS.register_module()
class ClassCountsHook(Hook):
    """One source of class counts: the training dataset, after filtering.

    Every module and metric with a true ``needs_class_counts`` receives the
    counts through ``set_class_counts``, before anyone copies the model; a
    loss that its config gave ``class_counts`` keeps those. Without a training
    dataset (``tools/test.py``), metrics receive the training set's counts
    that the checkpoint holds, if any. It also refuses a checkpoint of another
    number of classes, whose head mmengine would silently leave untrained.

    A copy that averages weights (``EMAHook``) shares the counts, the saliency
    table and whatever else modules with lazy buffers remember: an average of
    them would mean nothing, and their sizes are not known when the copy is
    made.
    """

    priority = 'HIGH'

    def before_run(self, runner: Runner) -> None:
        """Count the training samples before anyone copies the model.

        Args:
            runner (Runner): The runner, its model as it was built.

        Raises:
            ValueError: If a class has no sample, or a module was given counts
                of another number of classes.
        """
        if isinstance(runner._train_loop, BaseLoop):
            counts = self._counts(runner)
            for consumer in self._modules(bare_model(runner)):
                consumer.set_class_counts(self._own(consumer, counts))

    def before_train(self, runner: Runner) -> None:
        """Hand the counts out, whatever a checkpoint has brought.

        Args:
            runner (Runner): The runner, its checkpoint loaded.

        Raises:
            ValueError: If a resumed run meets other counts than it stopped
                with, a metric has counts that are not those of the training
                set, a blend lacks the hook that guides it, or a sampler
                cannot know how many epochs the training lasts.
        """
        counts = self._counts(runner)
        consumers = list(self._modules(bare_model(runner)))
        for consumer in consumers:
            self._check_hook(runner, consumer)
            own = self._own(consumer, counts)
            held = [int(n) for n in consumer.class_counts.tolist()]
            if runner._resume and held and held != [int(n) for n in own]:
                raise ValueError(
                    f'{type(consumer).__name__} has other class counts than '
                    f'the resumed run: {own} now, {held} in the checkpoint'
                )
        # One may hand them on to another, which has its own.
        for consumer in consumers:
            consumer.set_class_counts(self._own(consumer, counts))
        for metric in self._metrics(runner):
            metric.set_class_counts(counts)
            self._check_metric(metric, counts)
        self._check_sampler(runner)
        self._warn_of_two_remedies(runner, consumers)

    def before_train_epoch(self, runner: Runner) -> None:
        """Let averaged copies of the model share what is no weight.

        Args:
            runner (Runner): The runner; all hooks have prepared the model.
        """
        self._share(runner)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Likewise, before the copies are moved: a step may renew it.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (dict): The batch.
            outputs (dict): Losses of the step.
        """
        self._share(runner)

    def _share(self, runner: Runner) -> None:
        model = bare_model(runner)
        for hook in runner.hooks:
            for copied in vars(hook).values():
                if isinstance(copied, BaseAveragedModel):
                    self._share_state(model, copied)

    def _share_state(self, model: Any, copied: BaseAveragedModel) -> None:
        for name, module in model.named_modules():
            if not isinstance(module, LazyBuffersMixin):
                continue
            for inner, part in module.named_modules(prefix=name):
                other = copied.module.get_submodule(inner)
                for key, buffer in part.named_buffers(recurse=False):
                    setattr(other, key, buffer)
        if copied.update_buffers:
            # It has kept the buffers that were there when it was made.
            copied.avg_parameters = copied.module.state_dict()

    @staticmethod
    def _counts(runner: Runner) -> list[int]:
        dataset = runner.train_dataloader.dataset
        counts = class_counts(dataset, num_classes_of(bare_model(runner)))
        empty = [k for k, count in enumerate(counts) if count == 0]
        if empty:
            names = (getattr(dataset, 'metainfo', None) or {}).get('classes')
            named = dict(enumerate(names or ()))
            shown = [
                f'{k} ({named[k]})' if k in named else str(k) for k in empty
            ]
            more = (
                f'; it names {len(named)} classes, the model has {len(counts)}'
                if 0 < len(named) < len(counts)
                else ''
            )
            raise ValueError(
                'each class needs a training sample; the training dataset '
                f'has none of class {", ".join(shown)}{more}'
            )
        return counts

    @staticmethod
    def _own(consumer: Any, counts: list[int]) -> Sequence[float]:
        """Counts for a module: those of its config, if it has some."""
        given = getattr(consumer, 'given_counts', None)
        if given is not None and len(given) != len(counts):
            raise ValueError(
                f'{type(consumer).__name__} was given class_counts of '
                f'{len(given)} classes, the model has {len(counts)}'
            )
        return counts if given is None else given

    def before_val(self, runner: Runner) -> None:
        """Give metrics the checkpoint's counts when only validating."""
        self._from_checkpoint(runner)

    def before_test(self, runner: Runner) -> None:
        """Give metrics the checkpoint's counts when only testing."""
        self._from_checkpoint(runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse a checkpoint whose head has another number of classes.

        Starting a new training from such weights (``load_from``) is
        fine-tuning and stays allowed.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): What was loaded.

        Raises:
            ValueError: If the head's shapes differ.
        """
        fine_tuning = (
            isinstance(runner._train_loop, BaseLoop) and not runner._resume
        )
        saved = checkpoint.get('state_dict', checkpoint)
        if fine_tuning or not isinstance(saved, dict):
            return
        for name, value in bare_model(runner).state_dict().items():
            other = saved.get(name, value)
            if name.startswith('cls_head.fc') and other.shape != value.shape:
                raise ValueError(
                    f'{runner._load_from} is of another number of classes: '
                    f'{name} has shape {tuple(other.shape)} there and '
                    f'{tuple(value.shape)} in this config'
                )

    def _from_checkpoint(self, runner: Runner) -> None:
        for module in self._modules(bare_model(runner)):
            # What a config gave one of them are hardly those of the data.
            own = getattr(module, 'given_counts', None) is None
            if own and module.class_counts.numel():
                counts = [int(n) for n in module.class_counts.tolist()]
                for metric in self._metrics(runner):
                    metric.set_class_counts(counts)
                return

    @staticmethod
    def _warn_of_two_remedies(runner: Runner, consumers: list[Any]) -> None:
        sampler = runner.train_dataloader.sampler
        losses = [m for m in consumers if isinstance(m, CountedLoss)]
        if losses and getattr(sampler, 'balances', False):
            warnings.warn(
                f'{type(sampler).__name__} and {type(losses[0]).__name__} '
                'both balance the classes, so that the imbalance is '
                'corrected twice',
                stacklevel=2,
            )

    @staticmethod
    def _check_sampler(runner: Runner) -> None:
        # MMEngine says one epoch where a loop counts iterations.
        sampler = runner.train_dataloader.sampler
        by_iters = isinstance(runner.train_loop, IterBasedTrainLoop)
        if by_iters and getattr(sampler, 'max_epochs', 0) is None:
            raise ValueError(
                f'{type(sampler).__name__} does not know how many epochs a '
                'training of IterBasedTrainLoop lasts; give '
                'train_dataloader.sampler.max_epochs'
            )

    @staticmethod
    def _check_hook(runner: Runner, module: Any) -> None:
        wanted = getattr(module, 'needs_hook', None)
        if wanted and wanted not in [type(h).__name__ for h in runner.hooks]:
            raise ValueError(
                f'{type(module).__name__} does nothing of its own without '
                f"dict(type='{wanted}') in custom_hooks"
            )

    @staticmethod
    def _check_metric(metric: Any, counts: list[int]) -> None:
        # Its own counts come first, and would fail only in the validation.
        held = getattr(metric, 'class_counts', lambda: None)()
        if held is None:
            return
        owner = type(metric).__name__
        if len(held) != len(counts):
            raise ValueError(
                f'{owner} has class counts of {len(held)} classes, from its '
                'argument class_counts or its dataset; the model has '
                f'{len(counts)} classes'
            )
        meta = getattr(metric, 'dataset_meta', None) or {}
        told = meta.get('class_counts') or counts
        wrong = [k for k, n in enumerate(counts) if told[k] != n]
        # Counts that its config gives it are a decision.
        if wrong and getattr(metric, 'given_counts', None) is None:
            k = wrong[0]
            raise ValueError(
                f'{owner} would group {len(wrong)} classes by counts that '
                f'the training set does not have: class {k} has {counts[k]} '
                f'training samples, its dataset says {told[k]}. Give the '
                'datasets of training and evaluation the same train_split, '
                'longtail, drop_invalid and indices'
            )

    @staticmethod
    def _modules(model: Any) -> Iterator[Any]:
        return (
            m
            for m in model.modules()
            if getattr(m, 'needs_class_counts', False)
        )

    @staticmethod
    def _metrics(runner: Runner) -> Iterator[Any]:
        loops = (runner._val_loop, runner._test_loop)
        return (
            metric
            for loop in loops
            if isinstance(loop, BaseLoop)
            for metric in loop.evaluator.metrics
            if getattr(metric, 'needs_class_counts', False)
        )
