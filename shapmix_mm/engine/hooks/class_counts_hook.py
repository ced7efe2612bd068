"""Hand the training samples per class to whatever needs them."""

from __future__ import annotations

from typing import Any, Iterator

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.runner.base_loop import BaseLoop

from shapmix_mm.datasets import class_counts

from ...config.launch import bare_model, num_classes_of

__all__ = ['ClassCountsHook']


@HOOKS.register_module()
class ClassCountsHook(Hook):
    """One source of class counts: the training dataset, after filtering.

    Every module and metric with a true ``needs_class_counts`` receives the
    counts through ``set_class_counts``, before the first step. Without a
    training dataset (``tools/test.py``), metrics receive the counts that the
    checkpoint holds. It also refuses a checkpoint of another number of
    classes, whose head mmengine would silently leave untrained.
    """

    priority = 'HIGH'

    def before_train(self, runner: Runner) -> None:
        """Count the training samples and hand the counts out.

        Args:
            runner (Runner): The runner, its checkpoint loaded.

        Raises:
            ValueError: If a class has no sample, a resumed run meets other
                counts than it stopped with, a metric has counts of another
                number of classes, or a blend lacks the hook that guides it.
        """
        model = bare_model(runner)
        dataset = runner.train_dataloader.dataset
        counts = class_counts(dataset, num_classes_of(model))
        empty = [k for k, count in enumerate(counts) if count == 0]
        if empty:
            names = (getattr(dataset, 'metainfo', None) or {}).get('classes')
            shown = [f'{k} ({names[k]})' if names else str(k) for k in empty]
            raise ValueError(
                'each class needs a training sample; the training dataset '
                f'has none of class {", ".join(shown)}'
            )
        for consumer in self._modules(model):
            self._check_hook(runner, consumer)
            held = [int(n) for n in consumer.class_counts.tolist()]
            if runner._resume and held and held != counts:
                raise ValueError(
                    'the training dataset has other class counts than the '
                    f'resumed run: {counts} now, {held} in the checkpoint'
                )
            consumer.set_class_counts(counts)
        for metric in self._metrics(runner):
            metric.set_class_counts(counts)
            self._check_metric(metric, len(counts))

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
            if module.class_counts.numel():
                counts = [int(n) for n in module.class_counts.tolist()]
                for metric in self._metrics(runner):
                    metric.set_class_counts(counts)
                return

    @staticmethod
    def _check_hook(runner: Runner, module: Any) -> None:
        wanted = getattr(module, 'needs_hook', None)
        if wanted and wanted not in [type(h).__name__ for h in runner.hooks]:
            raise ValueError(
                f'{type(module).__name__} does nothing of its own without '
                f"dict(type='{wanted}') in custom_hooks"
            )

    @staticmethod
    def _check_metric(metric: Any, num_classes: int) -> None:
        # Its own counts come first, and would fail only in the validation.
        held = getattr(metric, 'class_counts', lambda: None)()
        if held is not None and len(held) != num_classes:
            raise ValueError(
                f'{type(metric).__name__} has class counts of {len(held)} '
                'classes, from its argument class_counts or its dataset; '
                f'the model has {num_classes} classes'
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
